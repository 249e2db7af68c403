package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
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

    private final TornadoApi api;
    private final TornadoApi.DeviceHandle device;
    private final Arena host;
    private final Object context;
    private final List<ArenaSize> sizes;
    private final List<Object> arrays = new ArrayList<>();
    private final String name = newName();
    private final Object graph;

    /**
     * Reserves arenas of some elements each, and of one more, which the allocating kernel overwrites whenever it runs.
     *
     * @param host for what TornadoVM needs on the host; must live as long as the plans
     */
    DeviceArenas(TornadoApi api, TornadoApi.DeviceHandle device, Arena host, List<ArenaSize> sizes) {
        this.api = api;
        this.device = device;
        this.host = host;
        this.sizes = List.copyOf(sizes);
        context = api.context();
        Object building = api.graph(name);
        for (int i = 0; i < sizes.size(); i++) {
            ArenaSize size = sizes.get(i);
            Object array = api.array(size.dtype(), HostMapping.reserve(bytes(api, size), host));
            arrays.add(array);
            DeviceLaunch touch = Transfers.touch(size.dtype());
            HostArray params = newArray(DType.I32, 1);
            params.set(touch.params(List.of(new DeviceAddress(i, (int) size.elements()))));
            api.transferToDevice(building, TornadoApi.FIRST_EXECUTION, params.array());
            addTask(building, task(i), touch.kernel(), List.of(array), params.array(), null);
        }
        api.persist(building, arrays.toArray());
        graph = api.snapshot(building);
    }

    /** Bytes of an arena, with the header and the element that the allocating kernel overwrites. */
    static long bytes(TornadoApi api, ArenaSize size) {
        return api.header() + (size.elements() + 1) * size.dtype().bytes();
    }

    /** A name that no other graph of this JVM has. */
    static String newName() {
        return "g" + NAMES.incrementAndGet();
    }

    private static String task(int arena) {
        return "t" + arena;
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

    /** The arrays that tasks take for arenas. */
    List<Object> arrays(List<Integer> numbers) {
        return numbers.stream().map(arrays::get).toList();
    }

    /** A small array that the host writes or reads. */
    HostArray newArray(DType dtype, int elements) {
        return new HostArray(api, dtype, elements, host);
    }

    /** A graph to which tasks can be added. It mentions all arenas, for the sake of the graph that is executed after it. */
    Object newGraph(String graphName) {
        Object building = api.graph(graphName);
        api.consume(building, name, arrays.toArray());
        return building;
    }

    /**
     * Adds an execution of a kernel to a graph.
     *
     * @param operands the arrays that store them
     * @param scalars null if the kernel takes none
     */
    void addTask(
            Object building,
            String task,
            DeviceKernel kernel,
            List<Object> operands,
            Object params,
            @Nullable Object scalars) {
        MergedKernel merged = MergedKernel.of(kernel, operands);
        List<Object> distinct = new ArrayList<>();
        for (int i = 0; i < operands.size(); i++) {
            if (merged.arenas().get(i) == distinct.size()) {
                distinct.add(operands.get(i));
            }
        }
        List<Object> arguments = new ArrayList<>();
        arguments.add(context);
        for (Role role : merged.roles()) {
            Object argument = role.isOperand() ? distinct.removeFirst() : role == Role.PARAMS ? params : scalars;
            if (argument == null) {
                throw new IllegalArgumentException(
                        "Kernel " + kernel.name() + " takes " + role + ", found none; pass it.");
            }
            arguments.add(argument);
        }
        api.addTask(building, task, RelinkedKernels.task(merged), arguments);
    }

    /** Adds a call of a library. */
    void addLibraryTask(Object building, String task, LibraryCall call) {
        api.addLibraryTask(building, task, call, arrays(call.arenas()));
    }

    /**
     * A plan of the allocating graph, which is number 0, and others. A plan's graphs take the arenas over from the graph executed
     * before, so number 0 has to be executed first; what is allocated already is not allocated again.
     */
    Object newPlan(Object scheduler, List<Object> graphs) {
        List<Object> all = new ArrayList<>();
        all.add(graph);
        all.addAll(graphs);
        for (int i = 0; i < sizes.size(); i++) {
            api.resize(
                    api.addGrid(scheduler, name, task(i)),
                    Transfers.touch(sizes.get(i).dtype()).grid());
        }
        Object plan = api.plan(all.toArray());
        api.setDevice(plan, device());
        api.setScheduler(plan, scheduler);
        return plan;
    }
}
