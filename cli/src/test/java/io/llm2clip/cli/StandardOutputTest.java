package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StandardOutputTest {
    /** Takes so many bytes and no more. */
    private static final class Limited extends OutputStream {
        private int left;

        Limited(int left) {
            this.left = left;
        }

        @Override
        public void write(int value) throws IOException {
            if (left-- <= 0) {
                throw new IOException("No space left on device");
            }
        }
    }

    private record Result(int code, String err, int readersLeft) {}

    private static Result run(OutputStream stream, boolean hasReader, String... arguments) {
        StringWriter err = new StringWriter();
        AtomicInteger left = new AtomicInteger();
        int code = Llm2ClipCommand.commandLine(arguments)
                .setOut(StandardOutput.writer(new StandardOutput(stream, hasReader, left::incrementAndGet)))
                .setErr(new PrintWriter(err))
                .execute(arguments);
        return new Result(code, err.toString(), left.get());
    }

    private static final List<List<String>> PRINTING = List.of(
            List.of("--help"),
            List.of("--version"),
            List.of("embed", "--help"),
            List.of("train", "clip", "--help"),
            List.of("devices"),
            List.of("devices", "--json"));

    @ParameterizedTest
    @ValueSource(ints = {0, 20})
    void whatCannotBeWrittenIsAnError(int room) {
        for (List<String> command : PRINTING) {
            Result result = run(new Limited(room), false, command.toArray(String[]::new));
            assertThat(result.err())
                    .as("%s", command)
                    .isEqualToNormalizingNewlines(
                            "error: Standard output cannot be written (No space left on device).\n");
            assertThat(result.code()).isEqualTo(1);
            assertThat(result.readersLeft()).isZero();
        }
    }

    @Test
    void aReaderThatLeftIsToldFromAFullDisk() {
        for (List<String> command : PRINTING) {
            assertThat(run(new Limited(10), true, command.toArray(String[]::new))
                            .readersLeft())
                    .as("%s", command)
                    .isPositive();
        }
    }

    @Test
    void isUtf8WhateverTheLocale() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintWriter writer = StandardOutput.writer(new StandardOutput(bytes, false, () -> {}));
        writer.print("K\u00e4fer \u732b \ud83d\udc31");
        writer.flush();
        assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("K\u00e4fer \u732b \ud83d\udc31");
    }
}
