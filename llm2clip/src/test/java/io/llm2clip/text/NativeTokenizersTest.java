package io.llm2clip.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NativeTokenizersTest {
    private static final NativeTokenizers.Platform HERE =
            NativeTokenizers.Platform.of(System.getProperty("os.name"), System.getProperty("os.arch"));

    @TempDir
    Path folder;

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void takesTheFirstFolderThatCanBeUsedAndLeavesNothingThere() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        Path good = Files.createDirectory(folder.resolve("good"));
        NativeTokenizers.load(HERE, List.of(folder.resolve("none"), file, good));
        assertThat(good).isEmptyDirectory();
    }

    @Test
    void namesEveryFolderThatCannotBeUsed() throws Exception {
        Path none = folder.resolve("none");
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> NativeTokenizers.load(HERE, List.of(none, file)))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("The native tokenizer library cannot be unpacked and loaded (" + none
                        + ": no such folder; " + file + ": ")
                .hasMessageEndingWith(
                        "); start Java with -Djava.io.tmpdir=DIR, a folder with 20 MB free where this user may"
                                + " write and run programs (bin/llm2clip takes options of Java from LLM2CLIP_JAVA_OPTIONS).")
                .message()
                .doesNotContain("\n");
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aLibraryThatDoesNotLoadIsNamedAndDeleted() {
        String machine = HERE.folder().equals("linux-aarch64") ? "amd64" : "aarch64";
        NativeTokenizers.Platform other = NativeTokenizers.Platform.of("Linux", machine);
        assertThatThrownBy(() -> NativeTokenizers.load(other, List.of(folder)))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("(" + folder + ": ")
                .hasMessageNotContaining("llm2clip-native-");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void theProcessDoesNotEndWhileItIsUnpacked() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(java, "-cp", System.getProperty("java.class.path"), Ending.class.getName())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo("done");
        assertThat(process.waitFor()).isEqualTo(7);
    }

    /** Ends the process in the middle of the work. */
    static final class Ending {
        private Ending() {}

        public static void main(String[] arguments) throws InterruptedException {
            CountDownLatch begun = new CountDownLatch(1);
            Thread.ofPlatform()
                    .daemon()
                    .start(() -> NativeTokenizers.beforeTheProcessEnds(() -> {
                        begun.countDown();
                        LockSupport.parkNanos(500_000_000);
                        System.out.print("done");
                        System.out.flush();
                    }));
            begun.await();
            System.exit(7);
        }
    }

    @Test
    void looksWhereJavaPutsTemporaryFilesAndThenInTheHome() {
        Properties properties = new Properties();
        assertThat(NativeTokenizers.folders(properties)).isEmpty();
        properties.put("user.home", "?");
        properties.put("java.io.tmpdir", folder.toString());
        assertThat(NativeTokenizers.folders(properties)).containsExactly(folder);
        properties.put("user.home", folder.resolve("home").toString());
        assertThat(NativeTokenizers.folders(properties)).containsExactly(folder, folder.resolve("home"));
    }

    @ParameterizedTest
    @CsvSource({
        "Linux, amd64, linux-x86_64",
        "Linux, aarch64, linux-aarch64",
        "Mac OS X, aarch64, osx-aarch64",
        "Windows 11, amd64, win-x86_64"
    })
    void hasALibraryForTheUsualSystems(String system, String machine, String directory) throws Exception {
        NativeTokenizers.Platform platform = NativeTokenizers.Platform.of(system, machine);
        assertThat(platform.folder()).isEqualTo(directory);
        for (String file : platform.files()) {
            platform.open(file).close();
        }
    }

    @Test
    void saysWhereThereIsNone() {
        assertThatThrownBy(() -> NativeTokenizers.Platform.of("Linux", "riscv64"))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("There is no tokenizer library for Linux on riscv64; use ");
        assertThatThrownBy(() -> NativeTokenizers.Platform.of("Mac OS X", "x86_64"))
                .hasMessageStartingWith("There is no tokenizer library for Mac OS X on x86_64");
    }
}
