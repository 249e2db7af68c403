package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.launch.DeviceAddress;
import io.llm2clip.tensor.internal.graph.Graph;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Memory of a plan, in which it counts bytes by element type: ranges of arenas, more than one where a plan's memory is larger than an
 * arena. No value of a plan is in two of them ({@link io.llm2clip.tensor.internal.compiler.Target#arenaBytes}).
 */
final class PlanMemory {
    /** Where memory is taken from. */
    interface Source {
        DeviceAddress take(DType dtype, long elements);
    }

    private final Map<DType, List<DeviceAddress>> pieces = new EnumMap<>(DType.class);
    private final Map<DType, Long> pieceBytes;

    /**
     * @param source takes elements of a type
     * @param bytes by element type as stored, how much to take
     * @param pieceBytes by element type as stored, the largest piece
     */
    PlanMemory(Source source, Map<DType, Long> bytes, Map<DType, Long> pieceBytes) {
        this.pieceBytes = pieceBytes;
        bytes.forEach((dtype, size) -> {
            long most = Graph.known(pieceBytes, dtype);
            List<DeviceAddress> starts = new ArrayList<>();
            for (long rest = size; rest > 0; rest -= most) {
                starts.add(source.take(dtype, Math.min(rest, most) / dtype.bytes()));
            }
            pieces.put(dtype, starts);
        });
    }

    /** Where so many bytes into the memory of a type are. */
    DeviceAddress address(DType dtype, long offset) {
        long most = Graph.known(pieceBytes, dtype);
        return Graph.known(pieces, dtype).get((int) (offset / most)).plus((int) (offset % most / dtype.bytes()));
    }
}
