package io.llm2clip.demo.scenes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The small file that says which data set a folder holds; it is what makes an existing one recognisable. */
final class Manifest {
    static final String FILE = "data-set.json";

    /** Raised whenever the same options would give other bytes. */
    private static final int VERSION = 1;

    private static final JsonMapper JSON = new JsonMapper();

    private Manifest() {}

    static void write(Path root, DemoDataSetOptions options) throws IOException {
        Files.writeString(
                root.resolve(FILE), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(of(options)) + "\n");
    }

    /** The manifest of a data set with these options. */
    static JsonNode of(DemoDataSetOptions options) {
        ObjectNode node = JSON.createObjectNode();
        node.put("dataSet", "scenes");
        node.put("version", VERSION);
        node.put("trainImages", options.trainImages());
        node.put("validationImages", options.validationImages());
        node.put("testImages", options.testImages());
        node.put("textsPerScene", options.textsPerScene());
        node.put("seed", options.seed());
        // Read back, because a tree built in memory and a parsed one differ in their number types.
        return JSON.readTree(node.toString());
    }

    static JsonNode read(Path root) throws IOException {
        Path file = root.resolve(FILE);
        try {
            return JSON.readTree(Files.readString(file));
        } catch (JacksonException e) {
            throw new IOException(file + " is not JSON; delete its folder and write the data set again.", e);
        }
    }
}
