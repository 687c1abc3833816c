/// A program that uses natt as a library.
module natt.example {
    requires natt.core;
}
