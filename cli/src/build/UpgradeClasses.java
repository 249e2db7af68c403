import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.constant.ClassDesc;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Gives the classes of a jar that were compiled for Java 5 and older, picocli's among them, the form of Java 6. The JVM keeps no older ones
 * in its caches, because they come without what verifies them fast; loading those of picocli takes longer than all else that
 * {@code --help} does.
 *
 * <p>The build runs it from its source: {@code java UpgradeClasses.java FILE.jar}.
 */
final class UpgradeClasses {
    private static final String CLASS = ".class";

    private final FileSystem jar;
    private final ClassFile classFile;

    private UpgradeClasses(FileSystem jar) {
        this.jar = jar;
        this.classFile = ClassFile.of(
                ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
                ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(this::open)
                        .orElse(ClassHierarchyResolver.defaultResolver())));
    }

    public static void main(String[] arguments) throws IOException {
        try (FileSystem jar = FileSystems.newFileSystem(Path.of(arguments[0]))) {
            new UpgradeClasses(jar).run();
        }
    }

    private void run() throws IOException {
        List<Path> classes;
        try (Stream<Path> files = Files.walk(jar.getPath("/"))) {
            classes = files.filter(file -> file.toString().endsWith(CLASS)).toList();
        }
        int upgraded = 0;
        for (Path file : classes) {
            ClassModel model = classFile.parse(Files.readAllBytes(file));
            if (model.majorVersion() < ClassFile.JAVA_6_VERSION) {
                Files.write(file, upgrade(model));
                upgraded++;
            }
        }
        if (upgraded == 0) {
            throw new IllegalStateException("No class was compiled for Java 5 or older; this step can go.");
        }
    }

    private byte[] upgrade(ClassModel model) {
        // Code has to be written anew for its stack maps to be computed.
        ClassTransform code = ClassTransform.transformingMethodBodies(CodeTransform.ACCEPT_ALL);
        ClassTransform version = (builder, element) -> {
            if (element instanceof ClassFileVersion) {
                builder.withVersion(ClassFile.JAVA_6_VERSION, 0);
            } else {
                builder.with(element);
            }
        };
        return classFile.transformClass(model, version.andThen(code));
    }

    private InputStream open(ClassDesc type) {
        String descriptor = type.descriptorString();
        Path file = jar.getPath("/" + descriptor.substring(1, descriptor.length() - 1) + CLASS);
        try {
            return Files.exists(file) ? Files.newInputStream(file) : null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
