package io.llm2clip.model;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Lora;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The matrices of an adapter of PEFT. */
final class LoraFiles {
    private static final String STEM = "adapter_model";
    private static final List<String> NAMES = List.of(STEM + ".safetensors", STEM + ".bin");

    /** Begins the names of updates that are made here. */
    static final String PREFIX = "base_model.model.";

    /** Of the bare model and of the one within a language model; older files also name the adapter. */
    private static final List<String> PREFIXES = List.of(PREFIX + "model.", PREFIX);

    private static final List<String> SUFFIXES = List.of(".weight", ".default.weight");
    private static final Pattern HEAD = Pattern.compile("base_model\\.model\\.lm_head\\..*");

    private LoraFiles() {}

    /**
     * Adds the low-rank updates of an adapter to a model, which stay apart from its weights.
     *
     * @param base for messages
     * @throws CheckpointException if the files are damaged, lack updates, or are of another base
     */
    static void attach(Llama llama, LoraConfig config, Path base) {
        Map<String, List<Linear>> layers = llama.storedLinears();
        config.requireKnown(layers.keySet());
        try (Checkpoint source = Checkpoint.open(file(config))) {
            // Adapters may follow each other.
            Scope scope = llama.owner()
                    .root()
                    .scope("adapters")
                    .scope(layers.values().stream()
                            .mapToInt(linears -> linears.getFirst().updates().size())
                            .max()
                            .orElse(0));
            Map<String, String> stored = new HashMap<>();
            List<Parameter> parameters = new ArrayList<>();
            Map<Linear, Lora> updates = new HashMap<>();
            layers.forEach((name, linears) -> {
                if (config.updates(name)) {
                    Shape weight = weight(linears);
                    int rank = config.rank(name);
                    Function<String, Function<Shape, Parameter>> matrix = part -> shape -> {
                        String tensor = tensor(source, name, part, base);
                        requireShape(source, tensor, shape, weight, base, config);
                        Parameter parameter =
                                scope.scope(name).scope(part).create("weight", shape, Initializer.zeros());
                        stored.put(parameter.name(), tensor);
                        parameters.add(parameter);
                        return parameter;
                    };
                    Parameter a = matrix.apply("lora_A").apply(Shape.of(rank, weight.dim(1)));
                    Parameter b = matrix.apply("lora_B").apply(Shape.of(weight.dim(0), rank));
                    List<Lora> shared = Lora.of(a, b, linears, config.scale(name));
                    for (int i = 0; i < shared.size(); i++) {
                        updates.put(linears.get(i), shared.get(i));
                    }
                }
            });
            refuseOthers(source, Set.copyOf(stored.values()), base);
            ParameterFiles.load(parameters, source, name -> stored.getOrDefault(name, name), _ -> true);
            updates.forEach(Linear::attach);
        }
    }

    /**
     * Writes the updates that were trained, under the names that they have, as PEFT does.
     *
     * @param updates those that {@link Llama#attachLora} made
     * @param base what they are for: its name on the Hub or its path
     */
    static void write(Path directory, List<Parameter> updates, LoraSettings settings, String base) {
        Set<String> layers = updates.stream()
                .map(parameter -> parameter.name().replaceFirst("\\.lora_[AB]\\.weight$", ""))
                .map(layer -> layer.substring(layer.lastIndexOf('.') + 1))
                .collect(Collectors.toSet());
        LoraConfig.write(directory.resolve(LoraConfig.FILE), base, settings, layers);
        ParameterFiles.save(
                ParameterFiles.contents(updates, Map.of(), Saving.DEFAULT), directory, STEM, Saving.DEFAULT);
    }

    /** Of the layers of a tensor together. */
    private static Shape weight(List<Linear> linears) {
        return Shape.of(
                linears.stream()
                        .mapToInt(linear -> linear.weight().shape().dim(0))
                        .sum(),
                linears.getFirst().weight().shape().dim(1));
    }

    private static Path file(LoraConfig config) {
        Path directory = config.file().resolveSibling("");
        return NAMES.stream()
                .map(directory::resolve)
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected the adapter's weights beside its configuration, %s, found none; fetch them, too."
                                .formatted(directory, String.join(" or ", NAMES))));
    }

    private static String tensor(Checkpoint source, String layer, String part, Path base) {
        return PREFIXES.stream()
                .flatMap(prefix -> SUFFIXES.stream().map(suffix -> prefix + layer + "." + part + suffix))
                .filter(source.entries()::containsKey)
                .findFirst()
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected a tensor '%s%s.%s.weight', since the adapter's configuration has the layer updated and %s has such a layer, found %d others; fetch the adapter again, or give the base that it was made for."
                                .formatted(
                                        source.source(),
                                        PREFIXES.getLast(),
                                        layer,
                                        part,
                                        base,
                                        source.entries().size())));
    }

    private static void requireShape(
            Checkpoint source, String tensor, Shape expected, Shape weight, Path base, LoraConfig config) {
        List<Long> found = source.tensor(tensor).shape();
        List<Long> dims = expected.toList().stream().map(Integer::longValue).toList();
        if (!found.equals(dims)) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected shape %s for a layer of shape %s in the base model %s, found %s; give the base that the adapter was made for%s."
                            .formatted(
                                    source.source(),
                                    tensor,
                                    dims,
                                    weight,
                                    base,
                                    found,
                                    config.base().map(", "::concat).orElse("")));
        }
    }

    private static void refuseOthers(Checkpoint source, Set<String> read, Path base) {
        Stream.concat(source.entries().keySet().stream(), source.unreadable().keySet().stream())
                .filter(name -> !read.contains(name) && !HEAD.matcher(name).matches())
                .findFirst()
                .ifPresent(name -> {
                    throw new CheckpointException(
                            "%s: tensor '%s': expected updates of linear layers that the adapter's configuration names and the base model %s has, found another; give the base that the adapter was made for, or merge it in Python (merge_and_unload)."
                                    .formatted(source.source(), name, base));
                });
    }
}
