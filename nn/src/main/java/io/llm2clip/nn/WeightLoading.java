package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

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
        loading.copies.run();
        loading.targets.forEach((parameter, target) -> parameter.bind(target.data, target.stored));
        loading.mapping.forEach(owner -> owner.hold(source.retain()));
    }

    private void add(Parameter parameter, StoredTensor stored) {
        Parameters owner = parameter.owner();
        DType type = DType.valueOf(stored.type().name());
        DType format = owner.format(parameter, type);
        TensorData data;
        if (parameter.isFrozen() && parameter.role() != Parameter.Role.PLAIN && format == type && isUsable(stored)) {
            data = new TensorData(parameter.shape(), type, stored.data());
            mapping.add(owner);
        } else {
            data = format == DType.F32 ? parameter.target() : owner.allocate(parameter, format);
            // Pages that were read would count as memory in use until the file is closed.
            copies.add(stored.elements(), copy(stored, type, data.segment(), format), stored::unload);
        }
        targets.put(parameter, new Target(data, parameter.isFrozen() ? type : DType.F32));
    }

    private static Elements.Range copy(StoredTensor stored, DType type, MemorySegment target, DType format) {
        if (format == type) {
            return (first, end) -> stored.copyTo(slice(target, format, first, end), first, end);
        }
        if (format == DType.F32) {
            return (first, end) -> stored.copyFloatsTo(slice(target, format, first, end), first, end);
        }
        return (first, end) -> {
            float[] floats = new float[Math.toIntExact(end - first)];
            stored.copyFloatsTo(MemorySegment.ofArray(floats), first, end);
            Quantization.quantize(floats, format, slice(target, format, first, end));
        };
    }

    private static MemorySegment slice(MemorySegment elements, DType format, long first, long end) {
        return elements.asSlice(format.bytes(first), format.bytes(end - first));
    }

    /** Kernels read whole elements of native byte order; files may have tensors anywhere. */
    private static boolean isUsable(StoredTensor stored) {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
                && stored.isDense()
                && stored.data().isMapped()
                && TensorData.isAligned(DType.valueOf(stored.type().name()), stored.data());
    }
}
