package io.llm2clip.nn;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.Safetensors;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Parameters to and from safetensors files, by name. */
public final class ParameterFiles {
    private ParameterFiles() {}

    /** The bytes that the values of parameters take in a file. */
    public static long bytes(List<Parameter> parameters) {
        return parameters.stream()
                .mapToLong(parameter -> parameter.data().segment().byteSize())
                .sum();
    }

    /** Writes parameters as f32 under their names, atomically. */
    public static void save(List<Parameter> parameters, Path file, Map<String, String> metadata) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (Parameter parameter : parameters) {
            tensors.put(
                    parameter.name(),
                    new StoredTensor(StoredType.F32, storedShape(parameter), littleEndian(parameter)));
        }
        SafetensorsWriter.write(file, tensors, metadata);
    }

    /** Overwrites all parameters by the tensors of the same names; the checkpoint holds no others. */
    public static void load(List<Parameter> parameters, Safetensors source) {
        load(parameters, source, UnaryOperator.identity(), _ -> false);
    }

    /**
     * Overwrites all the given parameters; f16 and bf16 become f32, exactly. Nothing is changed if anything does not fit.
     *
     * @param storedName from a parameter's name to the checkpoint's
     * @param ignored which tensors of the checkpoint, by their stored names, may be left over
     * @throws CheckpointException if a tensor is missing, left over, of another shape, or not of floating point
     */
    public static void load(
            List<Parameter> parameters,
            Safetensors source,
            UnaryOperator<String> storedName,
            Predicate<String> ignored) {
        Map<String, Parameter> targets = new HashMap<>();
        for (Parameter parameter : parameters) {
            String name = storedName.apply(parameter.name());
            requireFits(source, name, source.tensor(name), parameter);
            targets.put(name, parameter);
        }
        for (String name : source.entries().keySet()) {
            if (!targets.containsKey(name) && !ignored.test(name)) {
                throw new CheckpointException(
                        "%s: tensor '%s': expected one of the model's %d parameters, found one it has not; check that configuration and checkpoint are of the same model."
                                .formatted(source.source(), name, parameters.size()));
            }
        }
        targets.forEach((name, parameter) ->
                source.tensor(name).copyFloatsTo(parameter.data().segment()));
    }

    private static void requireFits(Safetensors source, String name, StoredTensor stored, Parameter parameter) {
        if (!stored.shape().equals(storedShape(parameter))) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected shape %s of parameter '%s', found %s; check that the checkpoint fits the model's configuration."
                            .formatted(source.source(), name, parameter.shape(), parameter.name(), stored.shape()));
        }
        if (stored.type() != StoredType.F32 && stored.type() != StoredType.F16 && stored.type() != StoredType.BF16) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected elements of type F32, F16 or BF16, found %s; convert the checkpoint."
                            .formatted(source.source(), name, stored.type()));
        }
    }

    private static List<Long> storedShape(Parameter parameter) {
        return parameter.shape().toList().stream().map(Integer::longValue).toList();
    }

    private static MemorySegment littleEndian(Parameter parameter) {
        MemorySegment data = parameter.data().readOnly();
        if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
            return data;
        }
        return StoredTensor.of(data.toArray(ValueLayout.JAVA_FLOAT), data.byteSize() / Float.BYTES)
                .data();
    }
}
