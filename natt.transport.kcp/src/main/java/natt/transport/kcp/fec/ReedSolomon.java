package natt.transport.kcp.fec;

/// The Reed-Solomon code of 10 data and 3 parity shards over GF(2^8), polynomial 0x11d.
///
/// Its matrix is the 13 x 10 Vandermonde matrix with the element row^column, multiplied by the
/// inverse of its upper square: data shards stay as they are, and each parity shard is a sum of
/// all data shards with fixed factors. Any 10 of the 13 shards determine the rest.
///
/// Sums of the three parity shards are kept side by side, in one int for each byte of the
/// shard (parity 0 in the lowest eight bits), so that adding a data byte to all three is one
/// table look-up. Addition is exclusive or; therefore a receiver that adds every shard it has,
/// parity too, is left with what the missing data shards contribute.
final class ReedSolomon {
    static final int DATA = 10;
    static final int PARITY = 3;

    private static final int POLYNOMIAL = 0x11d;

    /// The products of all pairs of field elements.
    private static final byte[][] PRODUCT = products();

    /// The factor of each data shard (column) in each parity shard (row).
    private static final int[][] FACTOR = factors();

    /// What one byte of a data shard adds to the sums: by shard and value.
    private static final int[][] TERM = terms();

    private ReedSolomon() {}

    /// Adds the first bytes of a data shard to the sums.
    static void addData(int[] sums, int index, byte[] shard, int length) {
        int[] term = TERM[index];
        for (int i = 0; i < length; i++) {
            sums[i] ^= term[shard[i] & 0xff];
        }
    }

    /// Adds the first bytes of a parity shard, 0 to 2, to its sum.
    static void addParity(int[] sums, int index, byte[] shard, int length) {
        int shift = Byte.SIZE * index;
        for (int i = 0; i < length; i++) {
            sums[i] ^= (shard[i] & 0xff) << shift;
        }
    }

    /// Takes one parity shard out of sums to which all data shards have been added.
    static void parity(int[] sums, int index, byte[] shard, int length) {
        int shift = Byte.SIZE * index;
        for (int i = 0; i < length; i++) {
            shard[i] = (byte) (sums[i] >>> shift);
        }
    }

    /// Finds by which factors the sums of some parity shards make the missing data shards.
    ///
    /// @param missing numbers of the missing data shards, at most 3
    /// @param rows numbers of as many parity shards that are there
    /// @return for each missing shard the factor of each of those sums
    static int[][] solve(int[] missing, int[] rows) {
        int[][] system = new int[rows.length][missing.length];
        for (int r = 0; r < rows.length; r++) {
            for (int c = 0; c < missing.length; c++) {
                system[r][c] = FACTOR[rows[r]][missing[c]];
            }
        }
        return inverse(system);
    }

    /// Computes the first bytes of one missing data shard.
    ///
    /// @param factors its row of the solution
    /// @param rows the parity shards for which the system was solved
    static void recover(int[] sums, int[] factors, int[] rows, byte[] shard, int length) {
        for (int i = 0; i < length; i++) {
            int sum = 0;
            for (int r = 0; r < rows.length; r++) {
                sum ^= PRODUCT[factors[r]][sums[i] >>> Byte.SIZE * rows[r] & 0xff];
            }
            shard[i] = (byte) sum;
        }
    }

    private static byte[][] products() {
        byte[][] product = new byte[256][256];
        for (int a = 0; a < 256; a++) {
            for (int b = 0; b < 256; b++) {
                int sum = 0;
                for (int bit = 0, shifted = a; bit < Byte.SIZE; bit++) {
                    sum ^= (b >> bit & 1) * shifted;
                    shifted = shifted << 1 ^ (shifted >> 7) * POLYNOMIAL;
                }
                product[a][b] = (byte) sum;
            }
        }
        return product;
    }

    private static int[][] factors() {
        int[][] square = new int[DATA][];
        for (int row = 0; row < DATA; row++) {
            square[row] = powers(row);
        }
        int[][] inverse = inverse(square);
        int[][] factors = new int[PARITY][DATA];
        for (int row = 0; row < PARITY; row++) {
            int[] powers = powers(DATA + row);
            for (int column = 0; column < DATA; column++) {
                for (int k = 0; k < DATA; k++) {
                    factors[row][column] ^= multiply(powers[k], inverse[k][column]);
                }
            }
        }
        return factors;
    }

    private static int[][] terms() {
        int[][] terms = new int[DATA][256];
        for (int shard = 0; shard < DATA; shard++) {
            for (int value = 0; value < 256; value++) {
                for (int row = 0; row < PARITY; row++) {
                    terms[shard][value] |= multiply(FACTOR[row][shard], value) << Byte.SIZE * row;
                }
            }
        }
        return terms;
    }

    /// One row of the Vandermonde matrix; 0^0 is 1.
    private static int[] powers(int base) {
        int[] powers = new int[DATA];
        powers[0] = 1;
        for (int column = 1; column < DATA; column++) {
            powers[column] = multiply(powers[column - 1], base);
        }
        return powers;
    }

    private static int multiply(int a, int b) {
        return PRODUCT[a][b] & 0xff;
    }

    /// Inverts a square matrix by Gauss-Jordan elimination; leaves the argument undefined.
    private static int[][] inverse(int[][] matrix) {
        int size = matrix.length;
        int[][] inverse = new int[size][size];
        for (int i = 0; i < size; i++) {
            inverse[i][i] = 1;
        }
        for (int column = 0; column < size; column++) {
            int pivot = column;
            while (matrix[pivot][column] == 0) {
                pivot++;
                if (pivot == size) {
                    throw new AssertionError("every square of this code's matrix is regular");
                }
            }
            swap(matrix, pivot, column);
            swap(inverse, pivot, column);
            int reciprocal = reciprocal(matrix[column][column]);
            scale(matrix[column], reciprocal);
            scale(inverse[column], reciprocal);
            for (int row = 0; row < size; row++) {
                if (row != column) {
                    int factor = matrix[row][column];
                    subtract(matrix[row], matrix[column], factor);
                    subtract(inverse[row], inverse[column], factor);
                }
            }
        }
        return inverse;
    }

    private static void swap(int[][] rows, int a, int b) {
        int[] row = rows[a];
        rows[a] = rows[b];
        rows[b] = row;
    }

    private static void scale(int[] row, int factor) {
        for (int i = 0; i < row.length; i++) {
            row[i] = multiply(row[i], factor);
        }
    }

    private static void subtract(int[] row, int[] other, int factor) {
        for (int i = 0; i < row.length; i++) {
            row[i] ^= multiply(other[i], factor);
        }
    }

    private static int reciprocal(int a) {
        int candidate = 1;
        while (multiply(a, candidate) != 1) {
            candidate++;
        }
        return candidate;
    }
}
