package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The graphs of the kernels that were launched one by one, and what TornadoVM's compiler made of kernels for that of the driver.
 * TornadoVM compiles every task from bytecode, as often as a kernel occurs in a recording and for every choice of arenas, which takes
 * it longer than all else; given identical source, the driver's compiler answers from its cache.
 */
final class KernelGraphs {
    private final DeviceArenas arenas;
    private final Map<Key, KernelGraph> graphs = new HashMap<>();
    private final Map<MergedKernel, KernelGraph> launched = new HashMap<>();
    private final Map<MergedKernel, byte[]> sources = new HashMap<>();

    private record Key(DeviceKernel kernel, List<Integer> arenas) {}

    KernelGraphs(DeviceArenas arenas) {
        this.arenas = arenas;
    }

    /** The graph of a kernel whose operands are stored in some arenas. */
    KernelGraph of(DeviceKernel kernel, List<Integer> numbers) {
        return graphs.computeIfAbsent(new Key(kernel, numbers), key -> {
            List<Object> operands = arenas.arrays(numbers);
            KernelGraph graph = new KernelGraph(arenas, kernel, operands, null);
            launched.putIfAbsent(MergedKernel.of(kernel, operands), graph);
            return graph;
        });
    }

    /** The source code of a kernel, made now if the kernel has not run yet; null on back ends that do not tell. */
    byte @Nullable [] source(DeviceKernel kernel, List<Integer> numbers) {
        if (!arenas.info().isCuda()) {
            return null;
        }
        List<Object> operands = arenas.arrays(numbers);
        MergedKernel merged = MergedKernel.of(kernel, operands);
        byte[] source = sources.get(merged);
        if (source == null) {
            KernelGraph graph = launched.get(merged);
            source = graph == null ? new KernelGraph(arenas, kernel, operands, null).compiledSource() : graph.source();
            if (source != null) {
                sources.put(merged, source);
            }
        }
        return source;
    }

    void close() {
        Resources.closeAll(
                graphs.values().stream().map(graph -> (Runnable) graph::close).toList());
    }
}
