package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Launches as tasks of a few graphs, each with params of its own that are uploaded once. */
final class Recording implements Launch {
    /** What is done at each run. */
    enum Mode {
        /** Every launch by itself, with the graph and the compilation that its kernel has anyway. */
        ONE_BY_ONE,
        /** Graphs of many launches. */
        GRAPHS,
        /** The same, captured at the first run and replayed by the driver. */
        REPLAY
    }

    /** Tasks of a graph: TornadoVM has room for 1024 nodes in it, of which a task takes up to 12. */
    private static final int TASKS = 64;

    private final TornadoApi api;
    private final Object plan;
    private final Object device;
    private final KernelGraphs kernels;
    private final @Nullable LibraryProducts library;
    private final List<LibraryProducts.Call> calls = new ArrayList<>();
    /** The tasks of each graph, in order. */
    private final List<List<Task>> graphs = new ArrayList<>();

    private boolean allocated;

    private record Task(String id, DeviceKernel kernel, List<Integer> arenas) {}

    Recording(
            DeviceArenas arenas,
            List<TornadoStep> steps,
            boolean replay,
            KernelGraphs kernels,
            @Nullable LibraryProducts library) {
        this.library = library;
        api = arenas.api();
        device = arenas.device();
        this.kernels = kernels;
        Object scheduler = api.scheduler();
        List<Object> recorded = new ArrayList<>();
        for (int first = 0; first < steps.size(); first += TASKS) {
            int end = Math.min(steps.size(), first + TASKS);
            recorded.add(graph(arenas, scheduler, steps.subList(first, end)));
        }
        plan = arenas.newPlan(scheduler, recorded);
        for (int graph = 1; replay && graph <= graphs.size(); graph++) {
            api.replay(plan, graph);
        }
    }

    private Object graph(DeviceArenas arenas, Object scheduler, List<TornadoStep> steps) {
        String name = DeviceArenas.newName();
        Object graph = arenas.newGraph(name);
        List<Task> tasks = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            String task = "t" + i;
            switch (steps.get(i)) {
                case BoundLaunch bound -> {
                    List<Integer> numbers = addLaunch(arenas, graph, task, bound);
                    api.resize(
                            api.addGrid(scheduler, name, task), bound.launch().grid());
                    tasks.add(new Task(name + "." + task, bound.launch().kernel(), numbers));
                }
                case BoundProduct product -> {
                    if (library == null) {
                        throw new IllegalArgumentException(
                                "A matmul for a library was recorded on a device without one;"
                                        + " record the steps that the device itself makes of an operation.");
                    }
                    LibraryProducts.Call call = library.call(product);
                    calls.add(call);
                    arenas.addLibraryTask(graph, task, call);
                }
            }
        }
        graphs.add(tasks);
        return api.snapshot(graph);
    }

    /** Returns the numbers of the operands' arenas. */
    private List<Integer> addLaunch(DeviceArenas arenas, Object graph, String task, BoundLaunch bound) {
        DeviceLaunch launch = bound.launch();
        List<DeviceAddress> operands = bound.operands();
        int[] values = launch.params(operands);
        HostArray params = arenas.newArray(DType.I32, Math.max(1, values.length));
        params.set(values);
        api.transferToDevice(graph, TornadoApi.FIRST_EXECUTION, params.array());
        Object scalars = null;
        if (launch.kernel().roles().contains(Role.SCALARS)) {
            HostArray constants =
                    arenas.newArray(DType.F32, Math.max(1, launch.scalars().size()));
            constants.set(launch.scalars());
            scalars = constants.array();
            api.transferToDevice(graph, TornadoApi.FIRST_EXECUTION, scalars);
        }
        List<Integer> numbers = operands.stream().map(DeviceAddress::arena).toList();
        arenas.addTask(graph, task, launch.kernel(), arenas.arrays(numbers), params.array(), scalars);
        return numbers;
    }

    @Override
    public void run() {
        try {
            boolean first = !allocated;
            if (first) {
                api.execute(plan, 0);
                allocated = true;
            }
            for (int graph = 1; graph <= graphs.size(); graph++) {
                if (first) {
                    reuseCode(graphs.get(graph - 1));
                }
                api.execute(plan, graph);
            }
        } catch (DeviceException e) {
            throw new DeviceException("Recorded launches could not be run: " + e.getMessage(), e);
        }
    }

    /** Gives tasks what was compiled for their kernels before; the last one of a graph is compiled whether it has it or not. */
    private void reuseCode(List<Task> tasks) {
        for (Task task : tasks.subList(0, Math.max(0, tasks.size() - 1))) {
            byte[] source = kernels.source(task.kernel(), task.arenas());
            if (source != null) {
                api.install(plan, device, task.id(), task.kernel().name(), source);
            }
        }
    }

    void close() {
        List<Runnable> closings = new ArrayList<>();
        for (int i = 1; allocated && i <= graphs.size(); i++) {
            int graph = i;
            closings.add(() -> api.free(plan, graph));
        }
        calls.forEach(call -> closings.add(call::close));
        allocated = false;
        Resources.closeAll(closings);
    }
}
