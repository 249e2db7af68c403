package io.llm2clip.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.llm2clip.data.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;

/**
 * The native library of the tokenizers, loaded once in a process.
 *
 * <p>It lies in a jar, and the operating system loads files only, so it is unpacked into a new folder that only this user can
 * enter and deleted once it is loaded. There is no cache: a folder shared between users would have to be trusted or would
 * lock the second one out. DJL's own loader has such a cache, looks for CUDA and reads system properties, so it is not used.
 */
final class NativeTokenizers {
    private static final String PREFIX = "llm2clip-native-";
    private static boolean loaded;

    private NativeTokenizers() {}

    /**
     * The library's functions.
     *
     * @throws InputException if it cannot be unpacked or loaded; names the folders
     */
    static synchronized TokenizersLibrary library() {
        if (!loaded) {
            Platform platform = Platform.of(System.getProperty("os.name"), System.getProperty("os.arch"));
            beforeTheProcessEnds(() -> load(platform, folders(System.getProperties())));
            loaded = true;
        }
        return TokenizersLibrary.LIB;
    }

    /** Does work for which the JVM waits when it is to end, as it would leave files behind. */
    static synchronized void beforeTheProcessEnds(Runnable work) {
        Thread end = new Thread(NativeTokenizers::await, "tokenizer-library");
        Runtime.getRuntime().addShutdownHook(end);
        try {
            work.run();
        } finally {
            forget(end);
        }
    }

    private static void forget(Thread end) {
        try {
            Runtime.getRuntime().removeShutdownHook(end);
        } catch (IllegalStateException e) {
            // It has begun, and waits for this.
        }
    }

    private static synchronized void await() {}

    /** Where to unpack: the folder for temporary files, and if programs cannot be run from it, the user's home. */
    static List<Path> folders(Properties properties) {
        List<Path> folders = new ArrayList<>();
        for (String key : List.of("java.io.tmpdir", "user.home")) {
            String folder = properties.getProperty(key, "");
            // A user without an entry in the user database has the home "?".
            if (!folder.isEmpty() && !folder.equals("?")) {
                folders.add(Path.of(folder).toAbsolutePath());
            }
        }
        return folders;
    }

    /** Unpacks and loads from the first folder that allows it. */
    static void load(Platform platform, List<Path> folders) {
        List<String> reasons = new ArrayList<>();
        for (Path folder : folders) {
            try {
                load(platform, folder);
                return;
            } catch (IOException | UnsatisfiedLinkError e) {
                reasons.add(folder + ": " + reason(e));
            }
        }
        throw new InputException(
                "The native tokenizer library cannot be unpacked and loaded (%s); start Java with -Djava.io.tmpdir=DIR, a folder with 20 MB free where this user may write and run programs (bin/llm2clip takes options of Java from LLM2CLIP_JAVA_OPTIONS)."
                        .formatted(String.join("; ", reasons)));
    }

    private static void load(Platform platform, Path parent) throws IOException {
        // Readable by its owner alone, and new: nobody else can have put a library there.
        Path folder = Files.createTempDirectory(parent, PREFIX);
        try {
            for (String name : platform.files) {
                try (InputStream stream = platform.open(name)) {
                    Files.copy(stream, folder.resolve(name));
                }
            }
            for (String name : platform.files) {
                System.load(folder.resolve(name).toString());
            }
        } finally {
            delete(folder, platform.files);
        }
    }

    /** Windows keeps the files of a loaded library until the process ends; there they stay. */
    private static void delete(Path folder, List<String> names) {
        try {
            for (String name : names) {
                Files.deleteIfExists(folder.resolve(name));
            }
            Files.delete(folder);
        } catch (IOException e) {
            System.getLogger(NativeTokenizers.class.getName())
                    .log(System.Logger.Level.DEBUG, "{0} is left over and can be deleted: {1}", folder, e);
        }
    }

    /** Messages of file system exceptions are often the path alone. */
    private static String reason(Throwable e) {
        return switch (e) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "no such folder";
            case FileSystemException failure when failure.getReason() != null -> failure.getReason();
            // The linker begins with the path of the file, which is deleted by now.
            default ->
                String.valueOf(e.getMessage())
                        .replaceAll("\\S*" + PREFIX + "\\d+\\S*: ", "")
                        .lines()
                        .findFirst()
                        .orElse("");
        };
    }

    /**
     * A system that the library is built for.
     *
     * @param folder within the jar
     * @param files in the order of loading
     */
    record Platform(String folder, List<String> files) {

        static Platform of(String system, String machine) {
            String name = system.toLowerCase(Locale.ROOT);
            String processor = machine.equals("amd64") ? "x86_64" : machine;
            if (name.startsWith("windows") && processor.equals("x86_64")) {
                return new Platform(
                        "win-x86_64",
                        List.of("libwinpthread-1.dll", "libgcc_s_seh-1.dll", "libstdc++-6.dll", "tokenizers.dll"));
            }
            if (name.startsWith("mac") && processor.equals("aarch64")) {
                return new Platform("osx-aarch64", List.of("libtokenizers.dylib"));
            }
            if (name.startsWith("linux") && (processor.equals("x86_64") || processor.equals("aarch64"))) {
                return new Platform("linux-" + processor, List.of("libtokenizers.so"));
            }
            throw new InputException(
                    "There is no tokenizer library for %s on %s; use Linux or Windows on x86-64, or Linux or macOS on ARM64."
                            .formatted(system, machine));
        }

        InputStream open(String name) throws IOException {
            String resource = "native/lib/" + folder + "/cpu/" + name;
            InputStream stream = TokenizersLibrary.class.getClassLoader().getResourceAsStream(resource);
            if (stream == null) {
                throw new IOException("the jar of DJL's tokenizers has no " + resource);
            }
            return stream;
        }
    }
}
