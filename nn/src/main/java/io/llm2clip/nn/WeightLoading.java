package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.machine.Processor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** From a checkpoint's tensors, which are known to fit, to values of parameters. */
final class WeightLoading {
    private record Target(TensorData data, DType stored) {}

    private final Map<Parameter, Target> targets = new LinkedHashMap<>();
    private final Set<Parameters> mapping = new HashSet<>();
    private final Elements.Pieces copies = new Elements.Pieces();

    private WeightLoading() {}

    /** Makes memory for all first, then fills it, and only then do the parameters change that had no values before. */
    static void run(Map<Parameter, StoredTensor> plan, Checkpoint source) {
        WeightLoading loading = new WeightLoading();
        plan.forEach(loading::add);
        long weights = plan.keySet().stream()
                .filter(parameter -> parameter.owner().areForCpu())
                .mapToLong(parameter -> parameter.shape().size())
                .sum();
        if (weights > 0) {
            Processor.expect(weights, loading.formats());
        }
        loading.copies.run();
        loading.targets.forEach((parameter, target) -> parameter.bind(target.data, target.stored));
        loading.mapping.forEach(owner -> owner.hold(source.retain()));
    }

    private void add(Parameter parameter, StoredTensor stored) {
        Parameters owner = parameter.owner();
        DType type = type(stored.type());
        if (owner.areOnDisk()) {
            parameter.leave(stored, type);
            mapping.add(owner);
            return;
        }
        DType format = owner.format(parameter, type);
        boolean same = isSame(stored.type(), format);
        // What was dequantized is written as it is then.
        boolean widened = format == DType.F32 && type.isQuantized();
        DType written = parameter.isFrozen() && !widened ? type : DType.F32;
        if (parameter.isFrozen() && parameter.role() != Parameter.Role.PLAIN && same && isUsable(stored, format)) {
            targets.put(parameter, new Target(new TensorData(parameter.shape(), format, stored.data()), written));
            mapping.add(owner);
        } else {
            NewValues values = format == DType.F32 ? parameter.target() : owner.allocate(parameter, format);
            // Pages that were read would count as memory in use until the file is closed.
            values.addTo(copies, copy(stored, same, format), stored::unload);
            targets.put(parameter, new Target(values.data(), written));
        }
    }

    private Set<DType> formats() {
        return targets.values().stream().map(target -> target.data.dtype()).collect(Collectors.toSet());
    }

    /** The format in memory in which elements are exactly what they are in the file. */
    static DType type(StoredType stored) {
        return switch (stored) {
            case F16 -> DType.F16;
            case BF16 -> DType.BF16;
            case Q8_0 -> DType.Q8;
            case Q4_0 -> DType.Q4;
            case Q4_1 -> DType.Q4_1;
            default -> DType.F32;
        };
    }

    /** Whether memory has the same bits as the file. */
    private static boolean isSame(StoredType stored, DType format) {
        return switch (stored) {
            case F32, F16, BF16 -> type(stored) == format;
            // Within blocks, scales and minima are numbers of two bytes.
            case Q8_0, Q4_0, Q4_1 -> type(stored) == format && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
            default -> false;
        };
    }

    private static Elements.Writer copy(StoredTensor stored, boolean same, DType format) {
        if (same) {
            return stored::copyTo;
        }
        if (format == DType.F32) {
            return stored::copyFloatsTo;
        }
        return (target, first, end) -> {
            float[] floats = new float[Math.toIntExact(end - first)];
            stored.copyFloatsTo(MemorySegment.ofArray(floats), first, end);
            if (format.isQuantized()) {
                Quantization.quantize(floats, format, ByteOrder.nativeOrder(), target);
            } else {
                Elements.round(floats, format, ByteOrder.nativeOrder(), target);
            }
        };
    }

    /** Kernels read whole elements of native byte order; files may have tensors anywhere. */
    private static boolean isUsable(StoredTensor stored, DType format) {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
                && stored.isDense()
                && stored.data().isMapped()
                && TensorData.isAligned(format, stored.data());
    }
}
