package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A kernel ready to be launched on some arenas with any shapes and offsets: compiled once, its params uploaded at each launch. */
final class KernelGraph {
    /** Ints of the params block; the longest are those of elementwise expressions with many inputs. */
    static final int PARAMS = 1024;

    private static final String TASK = "t";

    private final TornadoApi api;
    private final DeviceKernel kernel;
    private final HostArray params;
    private final @Nullable HostArray scalars;
    private final String name = DeviceArenas.newName();
    private final Object device;
    private final Object grid;
    private final Object plan;
    private boolean allocated;

    /**
     * @param operands the arrays that store them
     * @param staging the one of these that is copied from the host, if it is the first, or to the host; null for none
     */
    KernelGraph(DeviceArenas arenas, DeviceKernel kernel, List<Object> operands, @Nullable HostArray staging) {
        this.api = arenas.api();
        this.kernel = kernel;
        device = arenas.device();
        params = arenas.newArray(DType.I32, PARAMS);
        scalars = kernel.roles().contains(Role.SCALARS) ? arenas.newArray(DType.F32, DeviceLaunch.MAX_SCALARS) : null;
        Object graph = arenas.newGraph(name);
        List<Object> uploads = new ArrayList<>(List.of(params.array()));
        if (scalars != null) {
            uploads.add(scalars.array());
        }
        boolean stores = staging != null && operands.getFirst() == staging.array();
        if (staging != null && stores) {
            uploads.add(staging.array());
        }
        api.transferToDevice(graph, TornadoApi.EVERY_EXECUTION, uploads.toArray());
        arenas.addTask(graph, TASK, kernel, operands, params.array(), scalars == null ? null : scalars.array());
        if (staging != null && !stores) {
            api.transferToHost(graph, staging.array());
        }
        Object scheduler = api.scheduler();
        grid = api.addGrid(scheduler, name, TASK);
        plan = arenas.newPlan(scheduler, List.of(api.snapshot(graph)));
    }

    /** What the driver's compiler was given, once the kernel has run; null if TornadoVM does not tell. */
    byte @Nullable [] source() {
        return api.source(plan, device, name + "." + TASK, kernel.name());
    }

    /** The same of a graph that is made for this only: it must not be run afterwards, which fails once another plan was closed. */
    byte @Nullable [] compiledSource() {
        api.compile(plan, 1);
        return source();
    }

    /** @param operands their addresses, in the arrays that the graph was made for */
    void run(DeviceLaunch launch, List<DeviceAddress> operands) {
        int[] values = launch.params(operands);
        if (values.length > PARAMS) {
            throw new DeviceException("A launch of " + kernel.name() + " has " + values.length
                    + " params, expected at most " + PARAMS + "; split the operation into smaller expressions.");
        }
        params.set(values);
        if (scalars != null) {
            scalars.set(launch.scalars());
        }
        api.resize(grid, launch.grid());
        try {
            if (!allocated) {
                api.execute(plan, 0);
                allocated = true;
            }
            api.execute(plan, 1);
        } catch (DeviceException e) {
            throw new DeviceException("Kernel " + kernel.name() + " could not be run: " + e.getMessage(), e);
        }
    }

    void close() {
        if (allocated) {
            allocated = false;
            api.free(plan, 1);
        }
    }
}
