package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.JavaRuntime;
import java.lang.Runtime.Version;
import java.lang.reflect.Field;
import org.junit.jupiter.api.Test;

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

    /** Two classes ask, because only this one can be loaded by an older Java. */
    @Test
    void asksForWhatTheLibraryAsksFor() throws ReflectiveOperationException {
        Field oldest = JavaRuntime.class.getDeclaredField("OLDEST");
        oldest.setAccessible(true);
        String version = oldest.get(null).toString();
        assertThat(Main.missing(Version.parse("21"), true)).contains("Java " + version + " or newer");
    }
}
