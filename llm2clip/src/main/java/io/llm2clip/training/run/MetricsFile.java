package io.llm2clip.training.run;

import java.nio.charset.StandardCharsets;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The form of {@code metrics.jsonl}: a JSON object per step or measurement, each on a line of its own. */
final class MetricsFile {
    static final String NAME = "metrics.jsonl";

    private static final JsonMapper JSON = new JsonMapper();

    private MetricsFile() {}

    static byte[] line(RunEvent event) {
        ObjectNode line = JSON.createObjectNode();
        line.put("time", event.time().toString());
        line.put("step", event.globalStep());
        line.put("phase", event.phase());
        line.put("phase_step", event.step().step());
        if (!event.step().kind().isEmpty()) {
            line.put("kind", event.step().kind());
        }
        if (!event.step().skipped().isEmpty()) {
            line.put("not_finite", event.step().skipped());
        }
        event.step().metrics().forEach((name, value) -> {
            if (value == Math.rint(value) && Math.abs(value) < 1L << 53) {
                line.put(name, value.longValue());
            } else {
                line.put(name, value);
            }
        });
        return (JSON.writeValueAsString(line) + "\n").getBytes(StandardCharsets.UTF_8);
    }
}
