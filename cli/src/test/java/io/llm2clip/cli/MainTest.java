package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.JavaRuntime;
import java.lang.Runtime.Version;
import java.lang.reflect.Field;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {
    @Test
    void namesAJavaThatIsTooOld() {
        assertThat(Main.missing(Version.parse("21.0.4"), true))
                .isEqualTo(
                        "llm2clip needs Java 25.0.3 or newer, found 21.0.4; run it with bin/llm2clip or a newer java.");
        assertThat(Main.missing(Version.parse("25.0.2"), true)).startsWith("llm2clip needs Java 25.0.3 or newer");
    }

    @Test
    void namesTheMissingFlag() {
        assertThat(Main.missing(Version.parse("25.0.3+9"), false))
                .isEqualTo(
                        "llm2clip needs the Vector API; run it with bin/llm2clip or java --add-modules jdk.incubator.vector -jar.");
    }

    @Test
    void acceptsWhatWillDo() {
        assertThat(Main.missing(Version.parse("25.0.3+9-LTS"), true)).isEmpty();
        assertThat(Main.missing(Version.parse("26-ea"), true)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "--help, true",
        "-V, true",
        "embed --help, true",
        "train clip -h, true",
        "similarity kite.jpg --help, true",
        "help, true",
        "help embed, true",
        "'', false",
        "embed, false",
        "embed --text --help, false",
        "embed -- --help, false",
        "--help embed, false",
        "embed --helpful, false"
    })
    void knowsWhatIsCertainToAskForHelp(String line, boolean help) {
        assertThat(Main.asksForHelp(line.isEmpty() ? new String[0] : line.split(" ")))
                .isEqualTo(help);
    }

    private static String unreadable(String encoding, String system, String folder, String... arguments) {
        return Main.unreadable(arguments, folder, encoding, system);
    }

    @Test
    void refusesArgumentsThatJavaReadsOtherwiseThanTheyWereWritten() {
        assertThat(unreadable("ANSI_X3.4-1968", "Linux", "/home/me", "embed", "--text", "K\ufffd\ufffdfer"))
                .isEqualTo(
                        "error: Java reads argument 3 ('K\ufffd\ufffdfer') as ANSI_X3.4-1968, expected UTF-8; run bin/llm2clip, or set LC_ALL=C.UTF-8.");
        assertThat(unreadable("ISO-8859-1", "Linux", "/home/me", "K\u00c3\u00a4fer"))
                .contains("as ISO-8859-1");
        assertThat(unreadable("ANSI_X3.4-1968", "Linux", "/home/J\ufffdrgen", "embed"))
                .startsWith("error: Java reads the name of the current folder ('/home/J");
        assertThat(unreadable("UTF-8", "Linux", "/home/me", "embed", "\ufffd.jpg"))
                .isEqualTo(
                        "error: argument 2 ('\ufffd.jpg') is not UTF-8; rename the file, or give texts in a file with --texts.");
    }

    @Test
    void acceptsArgumentsThatArriveAsWritten() {
        assertThat(unreadable("UTF-8", "Linux", "/home/J\u00fcrgen", "K\u00e4fer", "\ud83d\udc31"))
                .isEmpty();
        assertThat(unreadable("ANSI_X3.4-1968", "Linux", "/home/me", "--version"))
                .isEmpty();
        assertThat(unreadable("Cp1252", "Windows 11", "C:\\J\u00fcrgen", "K\u00e4fer"))
                .isEmpty();
    }

    /** Two classes ask, because only this one can be loaded by an older Java. */
    @Test
    void asksForWhatTheLibraryAsksFor() throws ReflectiveOperationException {
        Field oldest = JavaRuntime.class.getDeclaredField("OLDEST");
        oldest.setAccessible(true);
        String version = oldest.get(null).toString();
        assertThat(Main.missing(Version.parse("21"), true)).contains("Java " + version + " or newer");
    }
}
