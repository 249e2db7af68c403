package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.Safetensors;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** From a checkpoint's tensors, which are known to fit, to values of parameters. */
final class WeightLoading {
    /** The formats that matmul and gather take; matrices of others become f32. */
    private static final Set<DType> MATRIX_FORMATS = EnumSet.of(DType.F32);

    private record Target(TensorData data, DType stored) {}

    private final Map<Parameter, Target> targets = new LinkedHashMap<>();
    private final Set<Parameters> mapping = new HashSet<>();
    private final Elements.Pieces copies = new Elements.Pieces();

    private WeightLoading() {}

    /** Makes memory for all first, then fills it, and only then do the parameters change that had no values before. */
    static void run(Map<Parameter, StoredTensor> plan, Safetensors source) {
        WeightLoading loading = new WeightLoading();
        plan.forEach(loading::add);
        loading.copies.run();
        loading.targets.forEach((parameter, target) -> parameter.bind(target.data, target.stored));
        loading.mapping.forEach(owner -> owner.hold(source.retain()));
        // Pages that were read to be converted would count as memory in use until the file is closed.
        plan.forEach((parameter, stored) -> stored.unload());
    }

    private void add(Parameter parameter, StoredTensor stored) {
        DType type = DType.valueOf(stored.type().name());
        MemorySegment bytes = stored.data();
        boolean asStored = parameter.isFrozen() && parameter.isMatrix() && MATRIX_FORMATS.contains(type);
        TensorData data;
        if (asStored && isUsable(type, bytes)) {
            data = new TensorData(parameter.shape(), type, bytes);
            mapping.add(parameter.owner());
        } else if (asStored) {
            data = parameter.owner().allocate(parameter, type);
            MemorySegment target = data.segment();
            copies.add(stored.elements(), (first, end) -> stored.copyTo(slice(target, type, first, end), first, end));
        } else {
            data = parameter.target();
            MemorySegment target = data.segment();
            copies.add(
                    stored.elements(),
                    (first, end) -> stored.copyFloatsTo(slice(target, DType.F32, first, end), first, end));
        }
        targets.put(parameter, new Target(data, parameter.isFrozen() ? type : DType.F32));
    }

    private static MemorySegment slice(MemorySegment elements, DType type, long first, long end) {
        return elements.asSlice(first * type.bytes(), (end - first) * type.bytes());
    }

    /** Kernels read whole elements of native byte order; files may have tensors anywhere. */
    private static boolean isUsable(DType type, MemorySegment bytes) {
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
                && bytes.isMapped()
                && TensorData.isAligned(type, bytes);
    }
}
