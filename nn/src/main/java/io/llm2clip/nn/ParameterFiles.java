package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Parameters from checkpoints of any format, and to safetensors files, by name. */
public final class ParameterFiles {
    private ParameterFiles() {}

    /** The bytes that {@link #save} writes, but for the header. */
    public static long bytes(List<Parameter> parameters) {
        return parameters.stream()
                .mapToLong(parameter -> (parameter.hasValues() ? parameter.stored() : DType.F32)
                        .bytes((long) parameter.shape().size()))
                .sum();
    }

    /** The type in which {@link #save} writes all of them, or f32, the widest, if they differ. */
    public static DType type(List<Parameter> parameters) {
        List<DType> types =
                parameters.stream().map(Parameter::stored).distinct().toList();
        return types.size() == 1 ? types.getFirst() : DType.F32;
    }

    /**
     * Writes parameters under their names, atomically: frozen ones in the type that they were loaded from, others as f32.
     *
     * @throws IllegalStateException if one has no values, or such as were quantized when they were loaded
     */
    public static void save(List<Parameter> parameters, Path file, Map<String, String> metadata) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (Parameter parameter : parameters) {
            TensorData data = parameter.data();
            DType type = parameter.stored();
            if (data.dtype().isQuantized()) {
                throw new IllegalStateException("Saving parameter %s of %s: expected %s, found quantized ones; %s"
                        .formatted(
                                parameter,
                                data.dtype(),
                                type.isQuantized() ? "floats" : "weights as they were stored",
                                type.isQuantized()
                                        ? "load the model from a checkpoint that is not quantized."
                                        : "load the model with WeightFormat.STORED."));
            }
            MemorySegment values = data.dtype() == type ? data.readOnly() : Elements.narrow(type, data.readOnly());
            tensors.put(parameter.name(), Elements.stored(parameter.shape(), type, values));
        }
        SafetensorsWriter.write(file, tensors, metadata);
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
        Map<Parameter, StoredTensor> plan = new LinkedHashMap<>();
        Set<String> read = new HashSet<>();
        for (Parameter parameter : parameters) {
            String name = storedName.apply(parameter.name());
            StoredTensor stored = source.tensor(name);
            requireFits(source, name, stored, parameter);
            requireUnset(source, parameter);
            plan.put(parameter, stored);
            read.add(name);
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

    private static void requireFits(Checkpoint source, String name, StoredTensor stored, Parameter parameter) {
        if (!stored.shape().equals(storedShape(parameter))) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected shape %s of parameter '%s', found %s; check that the checkpoint fits the model's configuration."
                            .formatted(source.source(), name, parameter.shape(), parameter.name(), stored.shape()));
        }
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

    private static List<Long> storedShape(Parameter parameter) {
        return parameter.shape().toList().stream().map(Integer::longValue).toList();
    }
}
