package io.llm2clip.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {

    @Test
    void threadsAreOnePerProcessorUnlessTheyAreSaid() {
        assertThat(Settings.threads(null, 6)).isEqualTo(6);
        assertThat(Settings.threads("3", 6)).isEqualTo(3);
        assertThat(Settings.threads(" 1 ", 6)).isEqualTo(1);
        assertThat(Settings.threads("64", 1)).isEqualTo(64);
        assertThat(Settings.threads("400", 100)).isEqualTo(400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "65", "100000", "99999999999", "abc", "", "2.5", "1e3", "0x4", "four"})
    void whatIsNoNumberOfThreadsIsRefused(String value) {
        assertThatThrownBy(() -> Settings.threads(value, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "The system property llm2clip.threads is '" + value + "', expected a number of threads from 1"
                                + " to 64; correct -Dllm2clip.threads, or leave it out for one thread per processor.");
    }

    @Test
    void theOthersAreHeldAgainstTheirValues() {
        assertThat(Settings.vectorBits(null)).isZero();
        assertThat(Settings.vectorBits("256")).isEqualTo(256);
        assertThatThrownBy(() -> Settings.vectorBits("64"))
                .hasMessage("The system property llm2clip.vector.bits is '64', expected one of [128, 256, 512];"
                        + " correct -Dllm2clip.vector.bits, or leave it out for the width that this machine prefers.");
        assertThat(Settings.generates(null)).isTrue();
        assertThat(Settings.generates("false")).isFalse();
        assertThatThrownBy(() -> Settings.generates("yes"))
                .hasMessageStartingWith(
                        "The system property llm2clip.vector.generate is 'yes', expected true or false;");
        assertThat(Settings.machineCode(null)).isTrue();
        assertThat(Settings.machineCode("false")).isFalse();
        assertThatThrownBy(() -> Settings.machineCode("off"))
                .hasMessage("The system property llm2clip.machine is 'off', expected true or false;"
                        + " correct -Dllm2clip.machine, or leave it out for true.");
        assertThat(Settings.poisons(null)).isFalse();
        assertThat(Settings.poisons("true")).isTrue();
        assertThatThrownBy(() -> Settings.poisons("1"))
                .hasMessage("The system property llm2clip.poison is '1', expected true or false;"
                        + " correct -Dllm2clip.poison, or leave it out for false.");
        assertThat(Settings.checksNan(null)).isFalse();
        assertThat(Settings.checksNan(" true")).isTrue();
        assertThatThrownBy(() -> Settings.checksNan("on"))
                .hasMessageStartingWith("The system property llm2clip.nancheck is 'on', expected true or false;");
        assertThat(Settings.warmsUp(null)).isTrue();
        assertThat(Settings.warmsUp("false")).isFalse();
        assertThatThrownBy(() -> Settings.warmsUp("no"))
                .hasMessageStartingWith("The system property llm2clip.warmup is 'no', expected true or false;");
    }
}
