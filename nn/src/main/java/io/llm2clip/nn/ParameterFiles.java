package io.llm2clip.nn;

import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.ShardWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.nn.checkpoint.TensorContent;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Parameters from checkpoints of any format, and to safetensors files, by name. */
public final class ParameterFiles {
    private ParameterFiles() {}

    /**
     * What a file holds of parameters, by the names of its tensors, which are theirs; nothing is read before it is written.
     *
     * @param updates low-rank updates that are added to parameters
     * @throws IllegalStateException when it is written, if a parameter has no values, or such as were quantized when they were loaded
     */
    public static Map<String, TensorContent> contents(
            List<Parameter> parameters, Map<Parameter, List<Lora>> updates, Saving saving) {
        return contents(parameters, ParameterFiles::same, updates, saving);
    }

    /**
     * The same in a layout.
     *
     * @throws IllegalArgumentException if it holds parameters transposed or reshaped, or together with others that are not given
     */
    public static Map<String, TensorContent> contents(
            List<Parameter> parameters, StoredLayout.Found layout, Map<Parameter, List<Lora>> updates, Saving saving) {
        return contents(parameters, layout::place, updates, saving);
    }

    private static Map<String, TensorContent> contents(
            List<Parameter> parameters,
            Function<String, StoredPlace> places,
            Map<Parameter, List<Lora>> updates,
            Saving saving) {
        Map<String, Parameter> byName = byName(parameters);
        Map<String, TensorContent> tensors = new LinkedHashMap<>();
        for (Parameter parameter : parameters) {
            StoredPlace place = places.apply(parameter.name());
            requireWritable(place);
            tensors.computeIfAbsent(
                    place.tensor(), name -> new ParameterContent(name, members(place, byName), updates, saving));
        }
        return tensors;
    }

    /** The bytes that {@link #save(List, Path, Map)} writes, but for the header. */
    public static long bytes(List<Parameter> parameters) {
        return bytes(contents(parameters, Map.of(), Saving.DEFAULT));
    }

    /** The bytes of contents. */
    public static long bytes(Map<String, TensorContent> contents) {
        return contents.values().stream().mapToLong(TensorContent::bytes).sum();
    }

    /** The type that all contents have which are not quantized, or f32, the widest, if they differ. */
    public static StoredType type(Map<String, TensorContent> contents) {
        List<StoredType> types = contents.values().stream()
                .map(TensorContent::type)
                .filter(type -> !type.isQuantized())
                .distinct()
                .toList();
        return types.size() == 1 ? types.getFirst() : StoredType.F32;
    }

    /**
     * Writes parameters under their names, atomically: frozen ones in the type that they were loaded from, others as f32,
     * and so those of quantized types, exactly.
     *
     * @throws IllegalStateException if one has no values, or such as were rounded when they were loaded
     */
    public static void save(List<Parameter> parameters, Path file, Map<String, String> metadata) {
        SafetensorsWriter.write(file, contents(parameters, Map.of(), Saving.DEFAULT), metadata);
    }

    /**
     * The same in a layout.
     *
     * @throws IllegalArgumentException if it holds parameters transposed or reshaped, or together with others that are not given
     */
    public static void save(
            List<Parameter> parameters, StoredLayout.Found layout, Path file, Map<String, String> metadata) {
        SafetensorsWriter.write(file, contents(parameters, layout, Map.of(), Saving.DEFAULT), metadata);
    }

    /**
     * Writes contents to {@code STEM.safetensors}, or if they are too large to shards with an index.
     *
     * @param directory a new one
     */
    public static void save(Map<String, TensorContent> contents, Path directory, String stem, Saving saving) {
        ShardWriter.write(directory, stem, contents, Map.of(), saving.shardBytes(), saving.listener()::written);
    }

    /** Gives all parameters the values of the tensors of the same names; the checkpoint holds no others. */
    public static void load(List<Parameter> parameters, Checkpoint source) {
        load(parameters, source, UnaryOperator.identity(), _ -> false);
    }

    /**
     * Gives all the given parameters the values of a checkpoint's tensors. Nothing is changed if anything does not fit.
     *
     * <p>Frozen matrices are used where they lie in the checkpoint's files, which then stay mapped until the {@link Parameters} are
     * closed, whether or not {@code source} is. Everything else is copied, by several threads; f16, bf16 and
     * quantized types become f32, exactly.
     *
     * @param storedName from a parameter's name to the checkpoint's
     * @param ignored which tensors of the checkpoint, by their stored names, may be left over
     * @throws CheckpointException if a tensor is missing, left over, of another shape, or not of floating point
     * @throws IllegalStateException if a frozen parameter has values already
     */
    public static void load(
            List<Parameter> parameters,
            Checkpoint source,
            UnaryOperator<String> storedName,
            Predicate<String> ignored) {
        load(parameters, source, name -> StoredPlace.same(storedName.apply(name), name), Map.of(), ignored);
    }

    /**
     * The same from a checkpoint that stores the parameters in a layout of its own. Parts of tensors are used where they lie, too.
     *
     * @param adapted what becomes of tensors that are of another size than their parameters, or have their rows in another order, by the
     *     parameters' names
     */
    public static void load(
            List<Parameter> parameters,
            Checkpoint source,
            StoredLayout.Found layout,
            Map<String, UnaryOperator<StoredTensor>> adapted,
            Predicate<String> ignored) {
        load(parameters, source, layout::place, adapted, ignored);
    }

    private static void load(
            List<Parameter> parameters,
            Checkpoint source,
            Function<String, StoredPlace> places,
            Map<String, UnaryOperator<StoredTensor>> adapted,
            Predicate<String> ignored) {
        Map<String, Parameter> byName = byName(parameters);
        Map<Parameter, StoredTensor> plan = new LinkedHashMap<>();
        Set<String> read = new HashSet<>();
        for (Parameter parameter : parameters) {
            StoredPlace place = places.apply(parameter.name());
            StoredTensor stored = source.tensor(place.tensor());
            requireFloats(source, place.tensor(), stored);
            StoredTensor whole = adapted.getOrDefault(parameter.name(), UnaryOperator.identity())
                    .apply(stored);
            plan.put(parameter, StoredValues.of(source.source(), place, whole, parameter, members(place, byName)));
            requireUnset(source, parameter);
            read.add(place.tensor());
        }
        Set<String> all = new LinkedHashSet<>(source.entries().keySet());
        all.addAll(source.unreadable().keySet());
        for (String name : all) {
            if (!read.contains(name) && !ignored.test(name)) {
                throw new CheckpointException(
                        "%s: tensor '%s': expected one of the model's %d parameters, found one it has not; check that configuration and checkpoint are of the same model."
                                .formatted(source.source(), name, parameters.size()));
            }
        }
        WeightLoading.run(plan, source);
    }

    private static void requireWritable(StoredPlace place) {
        if (place.form() == StoredPlace.Form.TRANSPOSED || place.form() == StoredPlace.Form.RESHAPED) {
            throw new IllegalArgumentException(
                    "Tensor '%s' holds parameter '%s' %s; expected a layout that keeps parameters as they are or joins them, others are only read."
                            .formatted(
                                    place.tensor(),
                                    place.parameters().getFirst(),
                                    place.form().name().toLowerCase(Locale.ROOT)));
        }
    }

    private static StoredPlace same(String name) {
        return StoredPlace.same(name, name);
    }

    private static Map<String, Parameter> byName(List<Parameter> parameters) {
        return parameters.stream().collect(Collectors.toMap(Parameter::name, Function.identity()));
    }

    /** The parameters whose values a tensor holds, in their order. */
    private static List<Parameter> members(StoredPlace place, Map<String, Parameter> byName) {
        return place.parameters().stream()
                .map(name -> {
                    Parameter member = byName.get(name);
                    if (member == null) {
                        throw new IllegalArgumentException(
                                "Tensor '%s' holds parameter '%s', which is not among the given %d; give all that it holds."
                                        .formatted(place.tensor(), name, byName.size()));
                    }
                    return member;
                })
                .toList();
    }

    private static void requireFloats(Checkpoint source, String name, StoredTensor stored) {
        if (!stored.type().isQuantized()
                && stored.type() != StoredType.F32
                && stored.type() != StoredType.F16
                && stored.type() != StoredType.BF16) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected elements of type F32, F16 or BF16, found %s; convert the checkpoint."
                            .formatted(source.source(), name, stored.type()));
        }
    }

    private static void requireUnset(Checkpoint source, Parameter parameter) {
        if (parameter.isFrozen() && parameter.hasValues()) {
            throw new IllegalStateException(
                    "%s: parameter %s is frozen and has its values already; load the checkpoint into new Parameters."
                            .formatted(source.source(), parameter));
        }
    }
}
