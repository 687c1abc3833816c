import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.Annotation;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ClassHierarchyResolverOption;
import java.lang.classfile.ClassFile.ConstantPoolSharingOption;
import java.lang.classfile.ClassFile.DebugElementsOption;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.FieldModel;
import java.lang.classfile.FieldTransform;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.attribute.RuntimeInvisibleAnnotationsAttribute;
import java.lang.classfile.attribute.RuntimeInvisibleParameterAnnotationsAttribute;
import java.lang.classfile.attribute.RuntimeInvisibleTypeAnnotationsAttribute;
import java.lang.classfile.attribute.RuntimeVisibleAnnotationsAttribute;
import java.lang.classfile.attribute.RuntimeVisibleTypeAnnotationsAttribute;
import java.lang.classfile.attribute.SignatureAttribute;
import java.lang.classfile.attribute.SourceDebugExtensionAttribute;
import java.lang.constant.ClassDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/// Takes out of the classes of a directory's jars what nothing reads when they run: what the
/// compiler of Kotlin says to itself, annotations that are not for the run time or whose type is
/// not in the image, and generic types, except where a library reads them by reflection. The
/// constant pools are written anew, without what only these named.
final class StripClasses {
    private static final Set<String> UNREAD =
            Set.of(
                    "Lkotlin/Metadata;",
                    "Lkotlin/coroutines/jvm/internal/DebugMetadata;",
                    "Lorg/jspecify/annotations/NullMarked;",
                    "Lorg/jspecify/annotations/Nullable;");

    /// Whose generic types Gson and JCommander read, their own among them.
    private static final Set<String> GENERIC =
            Set.of("gson", "jcommander", "natt.dns.cloudflare", "natt.launcher");

    private final Map<String, byte[]> all = new HashMap<>();
    private final ClassFile classes =
            ClassFile.of(
                    ConstantPoolSharingOption.NEW_POOL,
                    DebugElementsOption.DROP_DEBUG,
                    ClassHierarchyResolverOption.of(
                            ClassHierarchyResolver.ofResourceParsing(this::bytes)
                                    .orElse(ClassHierarchyResolver.defaultResolver())));

    private StripClasses() {}

    public static void main(String[] arguments) throws IOException {
        List<Path> jars;
        try (var files = Files.list(Path.of(arguments[0]))) {
            jars = files.filter(each -> each.toString().endsWith(".jar")).toList();
        }
        var strip = new StripClasses();
        for (Path jar : jars) {
            strip.read(jar);
        }
        for (Path jar : jars) {
            strip.rewrite(jar);
        }
    }

    private ByteArrayInputStream bytes(ClassDesc type) {
        String descriptor = type.descriptorString();
        byte[] found = all.get(descriptor.substring(1, descriptor.length() - 1) + ".class");
        return found == null ? null : new ByteArrayInputStream(found);
    }

    private void read(Path jar) throws IOException {
        try (var in = new ZipFile(jar.toFile())) {
            for (ZipEntry each : in.stream().filter(StripClasses::isClass).toList()) {
                all.put(each.getName(), in.getInputStream(each).readAllBytes());
            }
        }
    }

    private void rewrite(Path jar) throws IOException {
        boolean generic = GENERIC.stream().anyMatch(jar.getFileName().toString()::startsWith);
        Predicate<Object> unread =
                element -> unread(element) || !generic && element instanceof SignatureAttribute;
        Path next = jar.resolveSibling(jar.getFileName() + ".stripped");
        try (var in = new ZipFile(jar.toFile());
                OutputStream file = Files.newOutputStream(next);
                var out = new ZipOutputStream(file)) {
            for (ZipEntry each : in.stream().toList()) {
                byte[] content = in.getInputStream(each).readAllBytes();
                out.putNextEntry(new ZipEntry(each.getName()));
                out.write(isClass(each) ? stripped(content, unread) : content);
            }
        }
        Files.move(next, jar, StandardCopyOption.REPLACE_EXISTING);
    }

    /// Module descriptors stay as they are.
    private static boolean isClass(ZipEntry entry) {
        String name = entry.getName();
        return name.endsWith(".class") && !name.endsWith("module-info.class");
    }

    private byte[] stripped(byte[] content, Predicate<Object> unread) {
        return classes.transformClass(
                classes.parse(content),
                ClassTransform.dropping(unread::test)
                        .andThen(
                                ClassTransform.transformingMethods(
                                        MethodTransform.dropping(unread::test)))
                        .andThen((builder, element) -> field(builder, element, unread)));
    }

    private static void field(
            ClassBuilder builder, ClassElement element, Predicate<Object> unread) {
        if (element instanceof FieldModel field) {
            builder.transformField(field, FieldTransform.dropping(unread::test));
        } else {
            builder.with(element);
        }
    }

    private static boolean unread(Object element) {
        return switch (element) {
            case RuntimeInvisibleAnnotationsAttribute _ -> true;
            case RuntimeInvisibleParameterAnnotationsAttribute _ -> true;
            case RuntimeInvisibleTypeAnnotationsAttribute _ -> true;
            case SourceDebugExtensionAttribute _ -> true;
            case RuntimeVisibleAnnotationsAttribute visible ->
                    visible.annotations().stream().allMatch(StripClasses::isUnread);
            case RuntimeVisibleTypeAnnotationsAttribute visible ->
                    visible.annotations().stream().allMatch(each -> isUnread(each.annotation()));
            default -> false;
        };
    }

    private static boolean isUnread(Annotation annotation) {
        return UNREAD.contains(annotation.className().stringValue());
    }
}
