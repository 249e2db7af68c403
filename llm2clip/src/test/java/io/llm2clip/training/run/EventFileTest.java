package io.llm2clip.training.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** TensorBoard's files to the byte, as the package tensorboard 2.20 writes them: {@code tests/reference/tensorboard_events.py}. */
class EventFileTest {
    private static final String HEADER =
            "1800000000000000a37f4b220900001060b813da411a0d627261696e2e4576656e743a32150f8ae4";
    private static final String RECORD =
            "9700000000000000e47640f30900006060b813da4110ac022a88010a240a1d73746167655f315f6361"
                    + "7074696f6e5f636f6e74726173742f6c6f737315000020400a310a2a73746167655f315f63617074696f6e5f636f6e74726173742f6c"
                    + "6f73732f6c6f6e675f746f5f6c6f6e6715000020400a2d0a2673746167655f315f63617074696f6e5f636f6e74726173742f6c656172"
                    + "6e696e675f7261746515a69b443bd0a2b525";

    @Test
    void bytesAreThoseOfTheReference() {
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put(Metric.LOSS, 2.5);
        metrics.put(Metric.LEARNING_RATE, 0.003);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(EventFile.header(Instant.ofEpochSecond(1_750_000_000, 250_000_000)));
        file.writeBytes(EventFile.record(new RunEvent(
                Instant.ofEpochSecond(1_750_000_001, 500_000_000),
                "stage 1, caption contrast",
                300,
                new StepRecord(190, "long to long", "", metrics))));
        assertThat(HexFormat.of().formatHex(file.toByteArray())).isEqualTo(HEADER + RECORD);
    }

    @Test
    void tensorBoardFindsTheFile() {
        assertThat(EventFile.name(Instant.ofEpochSecond(1_750_000_000)))
                .contains("tfevents")
                .isEqualTo("events.out.tfevents.1750000000.llm2clip");
    }
}
