package io.llm2clip.training.run;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;

/**
 * The form of TensorBoard's event files: records of the protocol buffer {@code Event}, of which scalars need four fields and a summary
 * of two.
 */
final class EventFile {
    /** Matches the names of all files of ours. */
    static final String PATTERN = "events.out.tfevents.*.llm2clip";

    private static final String VERSION = "brain.Event:2";

    // Field numbers of tensorflow.Event, tensorflow.Summary and tensorflow.Summary.Value.
    private static final int WALL_TIME = 1;
    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    private static final int VALUE = 1;
    private static final int TAG = 1;
    private static final int SIMPLE_VALUE = 2;

    private EventFile() {}

    /** As TensorBoard finds it: by the middle of the name. */
    static String name(Instant started) {
        return "events.out.tfevents.%d.llm2clip".formatted(started.getEpochSecond());
    }

    /** What a file begins with. */
    static byte[] header(Instant time) {
        return TfRecord.of(event(time)
                .bytes(FILE_VERSION, VERSION.getBytes(StandardCharsets.UTF_8))
                .toByteArray());
    }

    /** Scalars named after phase, metric and kind of batch, such as {@code stage_1/loss/long_to_long}. */
    static byte[] record(RunEvent event) {
        ProtoMessage summary = new ProtoMessage();
        String kind = event.step().kind();
        for (Map.Entry<String, Double> metric : event.step().metrics().entrySet()) {
            String tag = word(event.phase()) + "/" + metric.getKey();
            summary.bytes(VALUE, value(tag, metric.getValue()));
            if (metric.getKey().equals(Metric.LOSS) && !kind.isEmpty()) {
                summary.bytes(VALUE, value(tag + "/" + word(kind), metric.getValue()));
            }
        }
        return TfRecord.of(event(event.time())
                .varint(STEP, event.globalStep())
                .bytes(SUMMARY, summary.toByteArray())
                .toByteArray());
    }

    private static ProtoMessage event(Instant time) {
        return new ProtoMessage().fixed64(WALL_TIME, time.getEpochSecond() + time.getNano() * 1e-9);
    }

    private static byte[] value(String tag, double value) {
        return new ProtoMessage()
                .bytes(TAG, tag.getBytes(StandardCharsets.UTF_8))
                .fixed32(SIMPLE_VALUE, (float) value)
                .toByteArray();
    }

    private static String word(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.]+", "_");
    }
}
