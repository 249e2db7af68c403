package io.llm2clip.bench.parity;

import io.llm2clip.Llm2Clip;
import io.llm2clip.LoadOptions;
import io.llm2clip.bench.memory.ProcessMemory;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.nn.WeightFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Opens one model as a user does, embeds captions and pictures once, and says what came out, how long each part took and how much
 * memory was resident at most. {@code bench/parity/parity.py} starts it, one process for each model.
 *
 * <p>The first argument is a JSON file with {@code model}, {@code captions}, {@code images}, {@code weights} and perhaps {@code
 * textEncoder}; the second one is written.
 */
public final class Embed {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final ObjectNode answer = JSON.createObjectNode();

    private Embed() {}

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 2) {
            System.err.println(
                    "error: expected a file to read and one to write, found %d arguments; start bench/parity/run."
                            .formatted(arguments.length));
            System.exit(2);
        }
        JsonNode request = JSON.readTree(Files.readAllBytes(Path.of(arguments[0])));
        Embed embed = new Embed();
        embed.run(request);
        Files.writeString(Path.of(arguments[1]), JSON.writeValueAsString(embed.answer));
    }

    private void run(JsonNode request) {
        List<String> captions = strings(request.path("captions"));
        List<Path> images =
                strings(request.path("images")).stream().map(Path::of).toList();
        LoadOptions options = LoadOptions.DEFAULT.withWeights(
                WeightFormat.valueOf(request.path("weights").asString().toUpperCase(Locale.ROOT)));
        if (request.has("textEncoder")) {
            options =
                    options.withTextEncoder(Path.of(request.path("textEncoder").asString()));
        }
        LoadOptions chosen = options;
        Path path = Path.of(request.path("model").asString());
        try (Llm2Clip model = timed("open", () -> Llm2Clip.load(path, chosen))) {
            matrix("images", timed("image", () -> model.embedImages(images)));
            if (model.text() instanceof LanguageBranch) {
                matrix("vectors", timed("caption", () -> model.captionVectors(captions)));
                matrix("texts", model.embedTexts(captions));
            } else {
                matrix("texts", timed("caption", () -> model.embedTexts(captions)));
            }
            answer.put("logitScale", model.logitScale());
        }
        answer.put("peakBytes", ProcessMemory.peak());
        answer.put("java", System.getProperty("java.vm.version"));
    }

    private <T> T timed(String what, Supplier<T> work) {
        long start = System.nanoTime();
        T result = work.get();
        answer.put(what + "Seconds", (System.nanoTime() - start) / 1e9);
        return result;
    }

    private void matrix(String name, float[][] values) {
        ArrayNode rows = answer.putArray(name);
        for (float[] row : values) {
            ArrayNode numbers = rows.addArray();
            for (float value : row) {
                numbers.add(value);
            }
        }
    }

    private static List<String> strings(JsonNode array) {
        return array.valueStream().map(JsonNode::asString).toList();
    }
}
