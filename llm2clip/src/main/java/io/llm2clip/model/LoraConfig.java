package io.llm2clip.model;

import io.llm2clip.nn.Limit;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Which low-rank updates an adapter of PEFT has, as its {@code adapter_config.json} says. Layers are called by their names in the bare
 * model, {@code layers.0.self_attn.q_proj}; patterns may also speak of those within the language model, {@code model.layers.0...}.
 *
 * @param file that it was read from
 * @param base name of the base model on the Hub, or its path, if it is told
 * @param rank of updates, unless {@code rankPattern} has another
 * @param alpha scale of updates before it is divided, unless {@code alphaPattern} has another
 * @param rankStabilized whether it is divided by the root of the rank instead of the rank
 * @param targets the layers that are updated
 * @param excluded of these, the layers that are not
 * @param blocks numbers of the blocks that are updated; empty for all
 * @param whole names of layers that the adapter has as a whole
 */
record LoraConfig(
        Path file,
        Optional<String> base,
        int rank,
        double alpha,
        boolean rankStabilized,
        Map<String, Double> rankPattern,
        Map<String, Double> alphaPattern,
        LoraTargets targets,
        LoraTargets excluded,
        Set<Integer> blocks,
        List<String> whole) {
    static final String FILE = "adapter_config.json";
    private static final String TARGETS = "target_modules";
    private static final String WHOLE = "modules_to_save";

    /** Kinds of updates that are more than a product of two matrices, or of more than linear layers: from keys to what they are. */
    private static final Map<String, String> OTHER_KINDS = Map.ofEntries(
            Map.entry("use_dora", "a DoRA adapter"),
            Map.entry("lora_bias", "one with biases"),
            Map.entry("trainable_token_indices", "one with embeddings of tokens"),
            Map.entry("target_parameters", "one for parameters that are no layers"),
            Map.entry("layer_replication", "one that repeats layers"),
            Map.entry("alora_invocation_tokens", "one that begins at a token"),
            Map.entry("use_qalora", "a QALoRA adapter"),
            Map.entry("use_bdlora", "a block-diagonal adapter"),
            Map.entry("monteclora_config", "a MonteCLoRA adapter"),
            Map.entry("kasa_config", "a KaSA adapter"),
            Map.entry("arrow_config", "a router of adapters"),
            Map.entry("megatron_config", "one for Megatron's layers"));

    /** Initial values for which the base model was changed, too, so that the adapter alone is not all that was trained. */
    private static final Pattern CHANGED_BASE = Pattern.compile("(pissa|olora|corda|loftq|lora_ga).*");

    /** Whether a directory holds an adapter. */
    static boolean isIn(Path directory) {
        return Files.isRegularFile(directory.resolve(FILE));
    }

    /**
     * Refuses the directory of an adapter where a part of a model is expected, once adapters of that part have been looked for.
     *
     * @throws CheckpointException if it holds an adapter, and no configuration of a model beside it
     */
    static void requireNone(Path directory) {
        Path model = directory.resolve(ModelDirectory.CONFIG);
        if (isIn(directory) && Files.notExists(model)) {
            throw new CheckpointException(
                    "%s: expected a configuration file, found that of low-rank updates, which are of another kind of model; 'llm2clip inspect %s' says of which."
                            .formatted(model, directory));
        }
    }

    /** @throws CheckpointException if it is missing, damaged, or of another kind of adapter */
    static LoraConfig read(Path file) {
        return read(file, Set.of());
    }

    /**
     * The same.
     *
     * @param wholes layers that the adapter may have as a whole
     */
    static LoraConfig read(Path file, Set<String> wholes) {
        ConfigFile config = ConfigFile.read(file);
        String kind = config.string("peft_type");
        if (!kind.equals("LORA")) {
            throw unsupported(file, "an adapter of type " + kind);
        }
        OTHER_KINDS.forEach((key, what) -> {
            if (isSet(config.root().path(key))) {
                throw unsupported(file, "%s ('%s')".formatted(what, key));
            }
        });
        List<String> whole =
                config.root().path(WHOLE).valueStream().map(JsonNode::asString).toList();
        if (!wholes.containsAll(whole)) {
            throw unsupported(file, "one with whole layers besides ('%s')".formatted(WHOLE));
        }
        if (!config.string("bias", "none").equals("none")) {
            throw unsupported(file, "one with biases ('bias': '%s')".formatted(config.string("bias")));
        }
        JsonNode start = config.root().path("init_lora_weights");
        if (start.isString() && CHANGED_BASE.matcher(start.asString()).matches()) {
            throw unsupported(
                    file, "one whose base model was changed ('init_lora_weights': '%s')".formatted(start.asString()));
        }
        // 'fan_in_fan_out' says nothing here: PEFT ignores it for layers that are no convolutions.
        int rank = rank(config, "r");
        return new LoraConfig(
                file,
                config.has("base_model_name_or_path")
                        ? Optional.of(config.string("base_model_name_or_path"))
                        : Optional.empty(),
                rank,
                config.number("lora_alpha", 8),
                config.truth("use_rslora", false),
                numbers(config, "rank_pattern"),
                numbers(config, "alpha_pattern"),
                LoraTargets.of(config, TARGETS, new LoraTargets.All()),
                LoraTargets.of(config, "exclude_modules", new LoraTargets.Named(List.of())),
                blocks(config),
                whole);
    }

    /**
     * The usual adapter for layers of given names within a block.
     *
     * @param whole names of layers that are in it as a whole
     * @param task as PEFT calls it, if it has one
     */
    static void write(
            Path file,
            String base,
            LoraSettings settings,
            Set<String> layers,
            List<String> whole,
            Optional<String> task) {
        ObjectNode json = ConfigFile.object()
                .put("peft_type", "LORA")
                .put("task_type", task.orElse(null))
                .put("base_model_name_or_path", base)
                .put("r", settings.rank())
                .put("lora_dropout", Double.parseDouble(Float.toString(settings.dropout())))
                .put("bias", "none")
                .put("fan_in_fan_out", false)
                .put("inference_mode", true)
                .put("init_lora_weights", true)
                .put("use_rslora", false)
                .put("use_dora", false);
        float alpha = settings.alpha();
        if (alpha == Math.rint(alpha)) {
            json.put("lora_alpha", (int) alpha);
        } else {
            json.put("lora_alpha", Double.parseDouble(Float.toString(alpha)));
        }
        if (whole.isEmpty()) {
            json.putNull(WHOLE);
        } else {
            whole.forEach(json.putArray(WHOLE)::add);
        }
        json.putObject("rank_pattern");
        json.putObject("alpha_pattern");
        ArrayNode targets = json.putArray(TARGETS);
        new TreeSet<>(layers).forEach(targets::add);
        ConfigFile.write(file, json);
    }

    /** Whether a layer is updated. */
    boolean updates(String layer) {
        return targets.contain(layer)
                && !excluded.contain(layer)
                && (blocks.isEmpty() || block(layer).filter(blocks::contains).isPresent());
    }

    /** The rank of a layer's update. */
    int rank(String layer) {
        return pattern(rankPattern, layer).map(Double::intValue).orElse(rank);
    }

    /** What the product of an update's matrices is multiplied by. */
    float scale(String layer) {
        double divisor = rankStabilized ? Math.sqrt(rank(layer)) : rank(layer);
        return (float) (pattern(alphaPattern, layer).orElse(alpha) / divisor);
    }

    /**
     * Refuses names of layers that a model has none of.
     *
     * @param layers the names of all that can be updated
     */
    void requireKnown(Set<String> layers) {
        if (targets instanceof LoraTargets.Named named) {
            named.names().stream()
                    // An encoder has no head, so that what an adapter does to it is of no consequence.
                    .filter(name -> !name.equals("lm_head")
                            && layers.stream().noneMatch(l -> LoraTargets.Named.isNamed(l, name)))
                    .findFirst()
                    .ifPresent(name -> {
                        throw unknown(layers, "'" + name + "'");
                    });
        }
        if (layers.stream().noneMatch(this::updates)) {
            throw unknown(layers, "a pattern that matches none");
        }
    }

    private CheckpointException unknown(Set<String> layers, String found) {
        String names = layers.stream()
                .map(layer -> layer.substring(layer.lastIndexOf('.') + 1))
                .distinct()
                .sorted()
                .collect(Collectors.joining(", "));
        return new CheckpointException(
                "%s: '%s': expected linear layers of the base model, such as %s, found %s; use an adapter of linear layers that was made for this model."
                        .formatted(file, TARGETS, names, found));
    }

    private static Optional<Integer> block(String layer) {
        return Stream.of(layer.split("\\.", -1))
                .filter(part -> part.matches("\\d{1,9}"))
                .map(Integer::valueOf)
                .findFirst();
    }

    private Optional<Double> pattern(Map<String, Double> patterns, String layer) {
        for (Map.Entry<String, Double> entry : patterns.entrySet()) {
            Pattern pattern = LoraTargets.compile(file, "(.*\\.)?(" + entry.getKey() + ")");
            if (LoraTargets.forms(layer).anyMatch(form -> pattern.matcher(form).matches())) {
                return Optional.of(entry.getValue());
            }
        }
        return Optional.empty();
    }

    private static Map<String, Double> numbers(ConfigFile config, String key) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        ConfigFile patterns = config.within(key);
        patterns.root().propertyNames().forEach(name -> {
            numbers.put(name, key.equals("rank_pattern") ? rank(patterns, name) : patterns.number(name));
        });
        return numbers;
    }

    private static int rank(ConfigFile config, String key) {
        int rank = config.integer(key);
        try {
            Limit.RANK.require(key, rank);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: %s".formatted(config.file(), e.getMessage()), e);
        }
        return rank;
    }

    private static Set<Integer> blocks(ConfigFile config) {
        JsonNode value = config.root().path("layers_to_transform");
        List<Integer> blocks = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(number -> blocks.add(number.asInt(-1)));
        } else if (!value.isMissingNode() && !value.isNull()) {
            blocks.add(value.asInt(-1));
        }
        if (blocks.contains(-1)) {
            throw config.wrong("layers_to_transform", "numbers of blocks");
        }
        return Set.copyOf(blocks);
    }

    private static boolean isSet(JsonNode value) {
        return value.isBoolean() ? value.asBoolean() : !value.isMissingNode() && !value.isNull() && !isEmpty(value);
    }

    private static boolean isEmpty(JsonNode value) {
        return value.isContainer() && value.isEmpty();
    }

    private static CheckpointException unsupported(Path file, String found) {
        return new CheckpointException(
                "%s: expected a LoRA adapter of linear layers alone, found %s; merge it into its base model in Python (merge_and_unload) and save that."
                        .formatted(file, found));
    }
}
