package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.llm2clip.data.InputException;
import io.llm2clip.inspection.ModelReport;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Models of every kind whose configurations say anything: they open, or are refused with one sentence that names a file, in little memory
 * and time. No number of a configuration decides how much is built before it is held against the tensors.
 */
class HostileConfigurationTest {
    private static final int INPUTS = Integer.getInteger("llm2clip.fuzz", 500) / 10;
    private static final long MOST_BYTES = 256L << 20;
    private static final long MOST_NANOS = 20_000_000_000L;
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** What is read as configuration of a model; of tokenizers much is read by a library. */
    private static final List<String> FILES = List.of(
            "config.json",
            "llm2clip.json",
            "caption.json",
            "adapter_config.json",
            "open_clip_config.json",
            "preprocessor_config.json",
            "tokenizer_config.json",
            "llm2vec_config.json");

    private static final List<String> VALUES = List.of(
            "0",
            "-1",
            "1",
            "2",
            "3",
            "7",
            "16",
            "1000",
            "1001",
            "65536",
            "1048577",
            "1000000000",
            "2147483647",
            "2147483648",
            "-2147483648",
            "9223372036854775807",
            "9223372036854775808",
            "1e18",
            "0.5",
            "12.5",
            "-0.0",
            "1e-300",
            "1e300",
            "1e999",
            "-1e999",
            "\"\"",
            "\"1\"",
            "\"gelu\"",
            "\"clip\"",
            "\"siglip\"",
            "\"llm2clip_dual_encoder\"",
            "\"llama\"",
            "\"NaN\"",
            "true",
            "false",
            "null",
            "[]",
            "{}",
            "[1e999]",
            "[[[[]]]]",
            "{\"a\": {\"b\": 1}}",
            "\"\\u0000\"",
            "\"..\"");

    @TempDir
    private Path folder;

    private static Stream<String> models() {
        return Stream.of(
                DualFixture.CLIP,
                DualFixture.OPEN_CLIP,
                DualFixture.SIGLIP2,
                DualFixture.SIGLIP2_NAFLEX,
                DualFixture.FG_CLIP_2,
                "written-eva02",
                "LLM2CLIP-Openai-L-14-336",
                "saved",
                "adapter");
    }

    /** Writes a model. */
    private Path write(String name) throws IOException {
        return switch (name) {
            case "LLM2CLIP-Openai-L-14-336" -> {
                PublishedFixture.writeTextEncoder(folder.resolve(PublishedFixture.TEXT_ENCODER));
                yield PublishedFixture.read(name).write(folder.resolve(name));
            }
            case "saved" -> {
                Path tokenizer = folder.resolve("tokenizer.json");
                TinyModel.writeTokenizer(tokenizer);
                try (Parameters parameters = new Parameters(1)) {
                    ModelDirectory.save(folder.resolve(name), TinyModel.create(parameters), tokenizer, Existing.REFUSE);
                }
                yield folder.resolve(name);
            }
            case "adapter" -> {
                Path base = Files.createDirectories(folder.resolve("base"));
                for (String file : List.of("config.json", "model.safetensors")) {
                    Files.copy(Golden.path("peft/base/" + file), base.resolve(file));
                }
                Files.copy(Golden.path("published/tokenizer.json"), base.resolve("tokenizer.json"));
                Path adapter = Files.createDirectories(folder.resolve(name));
                try (Stream<Path> files = Files.list(Golden.path("peft/first"))) {
                    for (Path file : files.toList()) {
                        Files.copy(file, adapter.resolve(Objects.requireNonNull(file.getFileName())));
                    }
                }
                ObjectNode config =
                        (ObjectNode) JSON.readTree(Files.readAllBytes(adapter.resolve("adapter_config.json")));
                Files.write(
                        adapter.resolve("adapter_config.json"),
                        JSON.writeValueAsBytes(config.put("base_model_name_or_path", base.toString())));
                yield adapter;
            }
            case "written-eva02" -> {
                DualFixture eva = DualFixture.read(DualFixture.EVA02);
                Path in = eva.model(eva.write(folder.resolve("in")));
                try (OpenModel opened = OpenModel.onDisk(in, ModelOptions.STORED);
                        OutputDirectory output = ModelDirectory.claim(folder.resolve(name), Existing.REFUSE)) {
                    opened.save(output, Saving.DEFAULT);
                }
                yield folder.resolve(name);
            }
            default -> {
                DualFixture model = DualFixture.read(name);
                yield model.model(model.write(folder.resolve(name)));
            }
        };
    }

    @ParameterizedTest
    @MethodSource("models")
    void anyValueIsTakenOrRefused(String name) throws IOException {
        Path model = write(name);
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.filter(file -> FILES.contains(String.valueOf(file.getFileName())))
                    .filter(file -> !file.startsWith(folder.resolve("in")))
                    .sorted()
                    .toList();
        }
        assertThat(open(name, model)).as("as it is").isEmpty();
        Random random = new Random(name.hashCode());
        int refused = 0;
        for (int i = 0; i < INPUTS; i++) {
            Path file = files.get(random.nextInt(files.size()));
            byte[] original = Files.readAllBytes(file);
            String mutated = mutate(JSON.readTree(original), random);
            Files.writeString(file, mutated);
            long bytes = allocated();
            long start = System.nanoTime();
            Optional<String> refusal = open(name, model);
            String input = file + " of\n" + mutated + "\n" + refusal.orElse("opened");
            assertThat(allocated() - bytes).as(input).isLessThan(MOST_BYTES);
            assertThat(System.nanoTime() - start).as(input).isLessThan(MOST_NANOS);
            refusal.ifPresent(sentence -> assertThat(sentence)
                    .as(input)
                    .hasLineCount(1)
                    .contains(folder.toString())
                    .matches(".*[.?]"));
            refused += refusal.isPresent() ? 1 : 0;
            Files.write(file, original);
        }
        if (model.resolve("config.json").toFile().exists()) {
            assertThat(refused).as("refused of %d", INPUTS).isPositive();
        }
    }

    /** Opens a model as every command does, and says why it cannot be opened. */
    private static Optional<String> open(String name, Path model) {
        Optional<ModelReport> report = Optional.empty();
        try {
            report = Optional.of(ModelInspection.of(model));
        } catch (CheckpointException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
        try {
            if (name.equals("adapter")) {
                TextModel.open(model).close();
            } else {
                OpenModel.open(model).close();
            }
            return Optional.empty();
        } catch (CheckpointException | InputException e) {
            report.ifPresent(
                    said -> assertThat(said.problems()).as(e.getMessage()).isNotNull());
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    /** The same with another value somewhere, without one, or with one more that other models have. */
    private static String mutate(JsonNode root, Random random) {
        List<Runnable> changes = new ArrayList<>();
        String marker = "\"<value>\"";
        collect(root, changes, random);
        if (random.nextInt(8) == 0 && root instanceof ObjectNode object) {
            object.put(
                    List.of("head_dim", "hidden_size", "sliding_window", "image_size", "num_patches", "max_length")
                            .get(random.nextInt(6)),
                    "<value>");
        } else if (!changes.isEmpty()) {
            changes.get(random.nextInt(changes.size())).run();
        }
        return JSON.writeValueAsString(root).replace(marker, VALUES.get(random.nextInt(VALUES.size())));
    }

    private static void collect(JsonNode node, List<Runnable> changes, Random random) {
        switch (node) {
            case ObjectNode object ->
                object.properties().forEach(entry -> {
                    boolean removed = random.nextInt(10) == 0;
                    changes.add(() -> {
                        if (removed) {
                            object.remove(entry.getKey());
                        } else {
                            object.put(entry.getKey(), "<value>");
                        }
                    });
                    collect(entry.getValue(), changes, random);
                });
            case ArrayNode array -> {
                for (int i = 0; i < array.size(); i++) {
                    int index = i;
                    changes.add(() -> array.set(index, "<value>"));
                    collect(array.get(i), changes, random);
                }
            }
            default -> {
                // Its place is in what holds it.
            }
        }
    }
}
