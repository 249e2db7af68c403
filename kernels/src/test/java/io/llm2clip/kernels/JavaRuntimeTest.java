package io.llm2clip.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.Runtime.Version;
import org.junit.jupiter.api.Test;

class JavaRuntimeTest {
    @Test
    void saysInOneSentenceWhatToChange() {
        assertThat(JavaRuntime.missing(Version.parse("25.0.2"), true))
                .isEqualTo("llm2clip needs Java 25.0.3 or newer, found 25.0.2; use a newer JDK.");
        assertThat(JavaRuntime.missing(Version.parse("25.0.3+9"), false))
                .isEqualTo("llm2clip needs the Vector API, which this JVM was started without; add"
                        + " --add-modules jdk.incubator.vector to its options.");
    }

    @Test
    void acceptsWhatWillDo() {
        assertThat(JavaRuntime.missing(Version.parse("25.0.3+9-LTS"), true)).isEmpty();
        assertThat(JavaRuntime.missing(Version.parse("26-ea"), true)).isEmpty();
        JavaRuntime.require();
    }
}
