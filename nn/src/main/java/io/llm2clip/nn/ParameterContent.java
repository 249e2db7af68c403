package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.nn.checkpoint.TensorContent;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Parameters as one tensor of a file, one below the other, with low-rank updates added. Nothing is made before it is written, and no
 * more than a piece at a time.
 */
final class ParameterContent implements TensorContent {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String name;
    private final List<Parameter> parameters;
    private final Map<Parameter, List<Lora>> updates;
    private final Saving.Listener listener;
    private final StoredType type;

    ParameterContent(String name, List<Parameter> parameters, Map<Parameter, List<Lora>> updates, Saving saving) {
        this.name = name;
        this.parameters = parameters;
        this.updates = updates;
        listener = saving.listener();
        type = saving.type().of(parameters, came());
    }

    /** In which type all of it came; f32, the widest, if they differ or something was changed. */
    private DType came() {
        List<DType> types = parameters.stream()
                .map(parameter ->
                        parameter.hasValues() && updates(parameter).isEmpty() ? parameter.stored() : DType.F32)
                .distinct()
                .toList();
        return types.size() == 1 ? types.getFirst() : DType.F32;
    }

    private List<Lora> updates(Parameter parameter) {
        return updates.getOrDefault(parameter, List.of());
    }

    @Override
    public StoredType type() {
        return type;
    }

    @Override
    public List<Long> shape() {
        List<Long> shape = new ArrayList<>(parameters.getFirst().shape().toList().stream()
                .map(Integer::longValue)
                .toList());
        if (parameters.size() > 1) {
            shape.set(0, parameters.stream().mapToLong(p -> p.shape().dim(0)).sum());
        }
        return shape;
    }

    @Override
    public void writeTo(MemorySegment target, long first, long end) {
        long begin = 0;
        for (Parameter parameter : parameters) {
            long size = parameter.shape().size();
            long from = Math.max(first, begin);
            long to = Math.min(end, begin + size);
            if (from < to) {
                MemorySegment part = target.asSlice(type.bytes(from - first), type.bytes(to - from));
                write(parameter, part, from - begin, to - begin);
            }
            begin += size;
        }
    }

    private void write(Parameter parameter, MemorySegment target, long first, long end) {
        StoredTensor values = parameter.values();
        List<Lora> added = updates(parameter);
        if (values.type() == type && added.isEmpty()) {
            values.writeTo(target, first, end);
            return;
        }
        if (parameter.isRounded()) {
            throw new IllegalStateException(
                    "Saving parameter %s of %s: expected weights as they were stored, found rounded ones; load the model with WeightFormat.STORED."
                            .formatted(parameter, parameter.data().dtype()));
        }
        float[] floats = new float[Math.toIntExact(end - first)];
        values.copyFloatsTo(MemorySegment.ofArray(floats), first, end);
        for (Lora lora : added) {
            lora.addTo(floats, first);
        }
        encode(parameter, floats, target);
    }

    private void encode(Parameter parameter, float[] floats, MemorySegment target) {
        switch (type) {
            case F32 -> {
                for (int i = 0; i < floats.length; i++) {
                    target.setAtIndex(FLOAT, i, floats[i]);
                }
                return;
            }
            case F16 -> Elements.round(floats, DType.F16, ByteOrder.LITTLE_ENDIAN, target);
            case BF16 -> Elements.round(floats, DType.BF16, ByteOrder.LITTLE_ENDIAN, target);
            case Q8_0 -> Quantization.quantize(floats, DType.Q8, ByteOrder.LITTLE_ENDIAN, target);
            case Q4_1 -> Quantization.quantize(floats, DType.Q4_1, ByteOrder.LITTLE_ENDIAN, target);
            default -> throw new IllegalStateException("Parameters are not written as " + type + ".");
        }
        float[] rounded = new StoredTensor(type, List.of((long) floats.length), target).toFloats();
        requireHeld(parameter, floats, rounded);
        listener.rounded(name, RoundingError.of(floats, rounded));
    }

    private void requireHeld(Parameter parameter, float[] floats, float[] rounded) {
        for (int i = 0; i < floats.length; i++) {
            boolean held = Float.isFinite(rounded[i]) || !type.isQuantized() && !Float.isFinite(floats[i]);
            if (!held) {
                throw new CheckpointException(
                        "Tensor '%s': parameter %s has the value %s, or one of the same block has, which %s cannot hold; write it as bf16 or f32."
                                .formatted(name, parameter, largest(floats), type));
            }
        }
    }

    private static float largest(float[] floats) {
        float largest = 0;
        for (float value : floats) {
            largest = Float.isNaN(value) || Math.abs(value) > Math.abs(largest) ? value : largest;
            if (Float.isNaN(largest)) {
                break;
            }
        }
        return largest;
    }

    @Override
    public void unload() {
        parameters.forEach(parameter -> parameter.values().unload());
    }
}
