package io.llm2clip.model;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Lora;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.StoredLayout;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.TensorContent;
import io.llm2clip.progress.Quantity;
import io.llm2clip.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The matrices of an adapter of PEFT. */
final class LoraFiles {
    static final String FIRST = ".lora_A.";
    private static final String STEM = "adapter_model";
    private static final List<String> NAMES = List.of(STEM + ".safetensors", STEM + ".bin");

    /** Begins the names of updates that are made here. */
    static final String PREFIX = "base_model.model.";

    /** Of the bare model and of the one within a language model; older files also name the adapter. */
    private static final List<String> PREFIXES = List.of(PREFIX + "model.", PREFIX);

    private static final List<String> SUFFIXES = List.of(".weight", ".default.weight");
    private static final Pattern HEAD = Pattern.compile("base_model\\.model\\.lm_head\\..*");

    private static final String TEXT_TASK = "FEATURE_EXTRACTION";
    /** Of parameters that an adapter has as a whole: their names within PEFT's model. */
    private static final StoredLayout.Found WHOLE =
            new StoredLayout.Found(StoredLayout.builder("", "").build(), PREFIX, "");

    private LoraFiles() {}

    /** What tensors of these names are, for people. */
    static String describe(Set<String> names) {
        List<String> updated = names.stream()
                .filter(name -> name.contains(FIRST))
                .map(name -> name.substring(0, name.indexOf(FIRST)))
                .toList();
        String kinds = updated.stream()
                .map(layer -> layer.substring(layer.lastIndexOf('.') + 1))
                .distinct()
                .sorted()
                .collect(Collectors.joining(", "));
        String whole = names.stream()
                .filter(name -> !name.contains(".lora_"))
                .map(name -> name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name)
                .sorted()
                .collect(Collectors.joining(", "));
        return "pairs of matrices for %s (%s)%s"
                .formatted(
                        Quantity.of(updated.size(), "layer"),
                        kinds,
                        whole.isEmpty() ? "" : ", and as a whole " + whole);
    }

    /**
     * Adds the low-rank updates of an adapter to a language model, which stay apart from its weights.
     *
     * @param base for messages
     * @throws CheckpointException if the files are damaged, lack updates, or are of another base
     */
    static void attach(Llama llama, LoraConfig config, Path base) {
        attach(llama.owner(), llama.storedLinears(), List.of(), List.of(), config, base);
    }

    /**
     * The same to linear layers of any model.
     *
     * @param owner receives the updates
     * @param layers by their names, those together that an update is of
     * @param whole parameters that are read from the adapter as a whole, under their names
     * @param held parameters that it holds as a whole, read or not
     */
    static void attach(
            Parameters owner,
            Map<String, List<Linear>> layers,
            List<Parameter> whole,
            List<Parameter> held,
            LoraConfig config,
            Path base) {
        config.requireKnown(layers.keySet());
        try (Checkpoint source = open(config.file().resolveSibling(""))) {
            // Adapters may follow each other.
            Scope scope = owner.root()
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
            for (Parameter parameter : whole) {
                stored.put(parameter.name(), PREFIX + parameter.name());
                parameters.add(parameter);
            }
            Set<String> known = new HashSet<>(stored.values());
            held.forEach(parameter -> known.add(PREFIX + parameter.name()));
            refuseOthers(source, known, base);
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
        write(directory, updates, List.of(), settings, base, Optional.of(TEXT_TASK));
    }

    /**
     * The same with parameters that were trained as a whole.
     *
     * @param whole all of their layers
     * @param task as PEFT calls it, if the base is of a kind that it has a class for
     */
    static void write(
            Path directory,
            List<Parameter> updates,
            List<Parameter> whole,
            LoraSettings settings,
            String base,
            Optional<String> task) {
        Set<String> layers = updates.stream()
                .map(parameter -> parameter.name().replaceFirst("\\.lora_[AB]\\.weight$", ""))
                .map(layer -> layer.substring(layer.lastIndexOf('.') + 1))
                .collect(Collectors.toSet());
        List<String> modules = whole.stream()
                .map(parameter -> parameter.name().replaceFirst("\\.[^.]*$", ""))
                .distinct()
                .toList();
        LoraConfig.write(directory.resolve(LoraConfig.FILE), base, settings, layers, modules, task);
        Map<String, TensorContent> contents =
                new LinkedHashMap<>(ParameterFiles.contents(updates, Map.of(), Saving.DEFAULT));
        contents.putAll(ParameterFiles.contents(whole, WHOLE, Map.of(), Saving.DEFAULT));
        ParameterFiles.save(contents, directory, STEM, Saving.DEFAULT);
    }

    /** Of the layers of a tensor together. */
    private static Shape weight(List<Linear> linears) {
        return Shape.of(
                linears.stream()
                        .mapToInt(linear -> linear.weight().shape().dim(0))
                        .sum(),
                linears.getFirst().weight().shape().dim(1));
    }

    /** @throws CheckpointException if there is none, or it is damaged */
    static Checkpoint open(Path directory) {
        return Checkpoint.open(file(directory));
    }

    /** The file of the matrices, if there is one. */
    static Optional<Path> find(Path directory) {
        return NAMES.stream()
                .map(directory::resolve)
                .filter(Files::isRegularFile)
                .findFirst();
    }

    private static Path file(Path directory) {
        return find(directory)
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
