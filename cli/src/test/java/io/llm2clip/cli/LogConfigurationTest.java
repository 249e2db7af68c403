package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogConfigurationTest {
    @Test
    void warningsAreOneLineOnStandardErrorAndTheRestIsSilent() {
        PrintStream before = System.err;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            System.Logger log = System.getLogger("io.llm2clip.Example");
            log.log(System.Logger.Level.WARNING, "The disk is full", new IllegalStateException("full"));
            log.log(System.Logger.Level.INFO, "All is well");
        } finally {
            System.setErr(before);
        }
        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .isEqualToNormalizingNewlines("WARN  Example: The disk is full\n");
        assertThat(((LoggerContext) LoggerFactory.getILoggerFactory())
                        .getStatusManager()
                        .getCopyOfStatusListenerList())
                .as("nothing is said about the configuration itself")
                .isNotEmpty();
    }
}
