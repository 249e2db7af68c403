package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What TornadoVM's compiler made of kernels for that of the driver. TornadoVM compiles every task from bytecode, as often as a kernel
 * occurs in a recording, which takes it longer than all else; given its source code of before, the driver has the result at hand.
 */
final class KernelSources {
    private final DeviceArenas arenas;
    private final Map<DeviceKernel, KernelGraph> launched;
    private final Map<DeviceKernel, byte[]> sources = new HashMap<>();

    /** @param launched graphs of kernels that have run on the device */
    KernelSources(DeviceArenas arenas, Map<DeviceKernel, KernelGraph> launched) {
        this.arenas = arenas;
        this.launched = launched;
    }

    /** The source code of a kernel, made now if the kernel has not run yet; null on back ends that do not tell. */
    byte @Nullable [] of(DeviceKernel kernel) {
        byte[] source = sources.get(kernel);
        if (source == null && arenas.info().isCuda()) {
            KernelGraph graph = launched.get(kernel);
            source = graph == null ? new KernelGraph(arenas, kernel, null).compiledSource() : graph.source();
            if (source != null) {
                sources.put(kernel, source);
            }
        }
        return source;
    }
}
