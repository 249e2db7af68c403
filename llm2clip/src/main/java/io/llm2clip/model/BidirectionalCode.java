package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import tools.jackson.databind.node.ObjectNode;

/**
 * What has Python compute a saved text encoder without a causal mask: a model type that transformers does not know, since it would
 * take it for a causal one without a word, and a file of code that it runs when it is told to trust it.
 */
final class BidirectionalCode {
    private static final String MODULE = "modeling_bidirectional";
    private static final String PREFIX = "bidirectional_";

    private BidirectionalCode() {}

    /** The type of the model that a configuration's {@code model_type} has without a causal mask. */
    static String modelType(String found) {
        return found.startsWith(PREFIX) ? found.substring(PREFIX.length()) : found;
    }

    /**
     * Writes a config.json that says so, and the code.
     *
     * @param config of the family's bare model
     */
    static void write(Path directory, LlamaFamily family, ObjectNode config) throws IOException {
        String name = "Bidirectional" + family.className();
        config.put("model_type", PREFIX + family.modelType());
        config.putArray("architectures").add(name + "Model");
        config.putObject("auto_map")
                .put("AutoConfig", MODULE + "." + name + "Config")
                .put("AutoModel", MODULE + "." + name + "Model");
        ConfigFile.write(directory.resolve(ModelDirectory.CONFIG), config);
        try (InputStream template = Objects.requireNonNull(
                BidirectionalCode.class.getResourceAsStream(MODULE + ".py"), "the code is a resource")) {
            String code = new String(template.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("@Family@", family.className())
                    .replace("@type@", family.modelType());
            AtomicFile.write(directory.resolve(MODULE + ".py"), code.getBytes(StandardCharsets.UTF_8));
        }
    }
}
