package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.Transfers;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The arenas of a device and the graph that allocates them there, from which every other graph takes them over. */
final class DeviceArenas {
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static final String TASK = "t";

    private final TornadoApi api;
    private final TornadoApi.DeviceHandle device;
    private final Arena host;
    private final Object context;
    private final Object floats;
    private final Object ints;
    private final Object halves;
    private final DeviceLaunch touch = Transfers.touch();
    private final String name = newName();
    private final Object graph;

    /**
     * Reserves arenas of some elements each, and of one more, which the allocating kernel overwrites whenever it runs.
     *
     * @param host for what TornadoVM needs on the host; must live as long as the plans
     */
    DeviceArenas(TornadoApi api, TornadoApi.DeviceHandle device, Arena host, int floats, int ints, int halves) {
        this.api = api;
        this.device = device;
        this.host = host;
        context = api.context();
        this.floats = reserve(DType.F32, floats);
        this.ints = reserve(DType.I32, ints);
        this.halves = reserve(DType.BF16, halves);
        HostArray params = newArray(DType.I32, 3);
        params.set(touch.params(new int[] {floats, ints, halves}));
        Object building = api.graph(name);
        api.transferToDevice(building, TornadoApi.FIRST_EXECUTION, params.array());
        addTask(building, TASK, touch.kernel(), params.array(), null, null);
        api.persist(building, this.floats, this.ints, this.halves);
        graph = api.snapshot(building);
    }

    private Object reserve(DType dtype, int elements) {
        return api.array(dtype, HostMapping.reserve(bytes(api, dtype, elements), host));
    }

    /** Bytes of an arena, with the header and the element that the allocating kernel overwrites. */
    static long bytes(TornadoApi api, DType dtype, long elements) {
        return api.header() + (elements + 1) * dtype.bytes();
    }

    /** A name that no other graph of this JVM has. */
    static String newName() {
        return "g" + NAMES.incrementAndGet();
    }

    TornadoApi api() {
        return api;
    }

    Object device() {
        return device.device();
    }

    DeviceInfo info() {
        return device.info();
    }

    /** A small array that the host writes or reads. */
    HostArray newArray(DType dtype, int elements) {
        return new HostArray(api, dtype, elements, host);
    }

    /** A graph to which tasks can be added. It mentions all arenas, for the sake of the graph that is executed after it. */
    Object newGraph(String graphName) {
        Object building = api.graph(graphName);
        api.consume(building, name, floats, ints, halves);
        return building;
    }

    /**
     * Adds an execution of a kernel to a graph.
     *
     * @param scalars null if the kernel takes none
     * @param staging null if the kernel takes none
     */
    void addTask(
            Object building,
            String task,
            DeviceKernel kernel,
            Object params,
            @Nullable Object scalars,
            @Nullable Object staging) {
        List<Object> arguments = new ArrayList<>();
        arguments.add(context);
        for (Role role : kernel.roles()) {
            Object argument = switch (role) {
                case FLOATS -> floats;
                case INTS -> ints;
                case HALVES -> halves;
                case PARAMS -> params;
                case SCALARS -> scalars;
                case FLOAT_STAGING, INT_STAGING, HALF_STAGING -> staging;
            };
            if (argument == null) {
                throw new IllegalArgumentException(
                        "Kernel " + kernel.name() + " takes " + role + ", found none; pass it.");
            }
            arguments.add(argument);
        }
        api.addTask(building, task, RelinkedKernels.task(kernel), arguments);
    }

    /** Adds a call of a library that works on the arenas of f32 and of 16-bit elements. */
    void addLibraryTask(Object building, String task, LibraryCall call) {
        api.addLibraryTask(building, task, call, floats, halves);
    }

    /**
     * A plan of the allocating graph, which is number 0, and others. A plan's graphs take the arenas over from the graph executed
     * before, so number 0 has to be executed first; what is allocated already is not allocated again.
     */
    Object newPlan(Object scheduler, List<Object> graphs) {
        List<Object> all = new ArrayList<>();
        all.add(graph);
        all.addAll(graphs);
        api.resize(api.addGrid(scheduler, name, TASK), touch.grid());
        Object plan = api.plan(all.toArray());
        api.setDevice(plan, device());
        api.setScheduler(plan, scheduler);
        return plan;
    }
}
