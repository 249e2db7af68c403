package io.llm2clip.kernels.gpu.tornado;

import static io.llm2clip.kernels.gpu.tornado.TornadoTypes.call;
import static io.llm2clip.kernels.gpu.tornado.TornadoTypes.constructor;
import static io.llm2clip.kernels.gpu.tornado.TornadoTypes.create;
import static io.llm2clip.kernels.gpu.tornado.TornadoTypes.method;
import static io.llm2clip.kernels.gpu.tornado.TornadoTypes.type;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.launch.Grid;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * TornadoVM's public classes by reflection, so that nothing of it is needed to compile. Objects of its types are passed as {@code
 * Object}; every failure is a {@link DeviceException} that has TornadoVM's message in it.
 */
final class TornadoApi {
    /** {@code DataTransferMode}: copied at the first execution only. */
    static final int FIRST_EXECUTION = 0;
    /** {@code DataTransferMode}: copied at every execution. */
    static final int EVERY_EXECUTION = 1;

    private static final System.Logger LOG = System.getLogger(TornadoApi.class.getName());
    private static final String LIBRARY = "llm2clip";
    private static final String TASKS = "uk.ac.manchester.tornado.runtime.tasks.meta.";
    private static final List<String> MODULES = List.of("tornado.api", "tornado.runtime");
    /** Work-items of a group where the launch leaves the choice to us. */
    private static final int FREE_GROUP = 128;

    private static @Nullable TornadoApi instance;
    // Kept, because a class whose initializer failed says nothing of the reason the second time.
    private static @Nullable DeviceException failure;

    private final Class<?> immutableGraphs = type("ImmutableTaskGraph").arrayType();
    private final Constructor<?> newContext = constructor("KernelContext");
    private final Constructor<?> newGraph = constructor("TaskGraph", String.class);
    private final Constructor<?> newPlan = constructor("TornadoExecutionPlan", immutableGraphs);
    private final Constructor<?> newScheduler = constructor("GridScheduler");
    private final Constructor<?> newGrid = constructor("WorkerGrid3D", int.class, int.class, int.class);
    private final Method addTask = method("TaskGraph", "addTask", type("common.TaskPackage"));
    private final Method toDevice = method("TaskGraph", "transferToDevice", int.class, Object[].class);
    private final Method toHost = method("TaskGraph", "transferToHost", int.class, Object[].class);
    private final Method persist = method("TaskGraph", "persistOnDevice", Object[].class);
    private final Method consume = method("TaskGraph", "consumeFromDevice", String.class, Object[].class);
    private final Method snapshot = method("TaskGraph", "snapshot");
    private final Method withGraph = method("TornadoExecutionPlan", "withGraph", int.class);
    private final Method withDevice = method("TornadoExecutionPlan", "withDevice", type("common.TornadoDevice"));
    private final Method withScheduler = method("TornadoExecutionPlan", "withGridScheduler", type("GridScheduler"));
    private final Method withCudaGraph = method("TornadoExecutionPlan", "withCUDAGraph");
    private final Method execute = method("TornadoExecutionPlan", "execute");
    private final Method close = method("TornadoExecutionPlan", "close");
    private final Method addGrid = method("GridScheduler", "addWorkerGrid", String.class, type("WorkerGrid"));
    private final Method setGlobalWork = method("WorkerGrid", "setGlobalWork", long.class, long.class, long.class);
    private final Method setLocalWork = method("WorkerGrid", "setLocalWork", long.class, long.class, long.class);
    private final boolean takesLibraries = registerLibrary();
    private final int header = TornadoTypes.intField("types.arrays.TornadoNativeArray", "ARRAY_HEADER");

    private TornadoApi() {}

    /** Why TornadoVM cannot be used in this JVM, in one sentence; null if it can. */
    static @Nullable String absence() {
        List<String> missing = MODULES.stream()
                .filter(module -> ModuleLayer.boot().findModule(module).isEmpty())
                .toList();
        return missing.isEmpty()
                ? null
                : "This JVM was started without TornadoVM: expected the modules " + String.join(", ", MODULES)
                        + " in it, found no " + String.join(", ", missing)
                        + "; start it with the arguments of TornadoInstallation.jvmArguments().";
    }

    /**
     * TornadoVM in this JVM.
     *
     * @throws DeviceException if it was started without, lacks what is used of it, or has no driver
     */
    static synchronized TornadoApi get() {
        if (instance == null) {
            String absence = absence();
            if (absence != null) {
                throw new DeviceException(absence);
            }
            if (failure != null) {
                throw failure;
            }
            try {
                instance = new TornadoApi();
            } catch (LinkageError e) {
                failure = DriverFailure.of(e);
                throw failure;
            }
        }
        return instance;
    }

    /** Bytes that an array has before its elements. */
    int header() {
        return header;
    }

    /** An array over a segment of {@link #header()} bytes and elements of a type. */
    Object array(DType dtype, MemorySegment segment) {
        String name = switch (dtype) {
            case F32, BOOL -> "FloatArray";
            case I32 -> "IntArray";
            case BF16, F16 -> "ShortArray";
            case Q8, Q4, Q4_1 ->
                throw new IllegalArgumentException("TornadoVM has no arrays of " + dtype + " elements.");
        };
        return call(method("types.arrays." + name, "fromSegmentShallow", MemorySegment.class), null, segment);
    }

    Object context() {
        return create(newContext);
    }

    Object graph(String name) {
        return create(newGraph, name);
    }

    /** Adds a task whose function takes the arguments, a kernel context first. */
    void addTask(Object graph, String name, Object function, List<Object> arguments) {
        Object[] parameters = new Object[arguments.size() + 2];
        parameters[0] = name;
        parameters[1] = function;
        for (int i = 0; i < arguments.size(); i++) {
            parameters[i + 2] = arguments.get(i);
        }
        for (Constructor<?> constructor : type("common.TaskPackage").getConstructors()) {
            if (constructor.getParameterCount() == parameters.length) {
                call(addTask, graph, create(constructor, parameters));
                return;
            }
        }
        throw new DeviceException(
                "TornadoVM has no tasks of " + arguments.size() + " arguments; give the kernel fewer buffers.");
    }

    /** Whether graphs may have library tasks. */
    boolean takesLibraries() {
        return takesLibraries;
    }

    /** Adds a call that reads and writes arrays, all of them different. */
    void addLibraryTask(Object graph, String name, LibraryCall library, List<Object> arrays) {
        Class<?> access = type("common.Access");
        Object accesses = Array.newInstance(access, arrays.size());
        for (int i = 0; i < arrays.size(); i++) {
            Array.set(accesses, i, TornadoTypes.enumConstant(access, "READ_WRITE"));
        }
        String descriptor = "common.LibraryTaskDescriptor";
        Object described = create(constructor(descriptor));
        call(method(descriptor, "withLibrary", String.class), described, LIBRARY);
        call(method(descriptor, "withFunction", String.class), described, LIBRARY);
        call(method(descriptor, "withParameters", Object[].class), described, (Object) arrays.toArray());
        call(method(descriptor, "withAccess", accesses.getClass()), described, accesses);
        call(method(descriptor, "withTuning", Object.class), described, library);
        Class<?> function = type("common.TornadoFunctions$LibraryTask1");
        Object factory = Proxy.newProxyInstance(
                TornadoApi.class.getClassLoader(), new Class<?>[] {function}, (proxy, method, arguments) -> described);
        call(method("TaskGraph", "libraryTask", String.class, function, Object.class), graph, name, factory, 0);
    }

    void transferToDevice(Object graph, int mode, Object... arrays) {
        call(toDevice, graph, mode, arrays);
    }

    void transferToHost(Object graph, Object... arrays) {
        call(toHost, graph, EVERY_EXECUTION, arrays);
    }

    void persist(Object graph, Object... arrays) {
        call(persist, graph, (Object) arrays);
    }

    void consume(Object graph, String producer, Object... arrays) {
        call(consume, graph, producer, arrays);
    }

    Object snapshot(Object graph) {
        return call(snapshot, graph);
    }

    Object plan(Object... graphs) {
        Object array = Array.newInstance(immutableGraphs.componentType(), graphs.length);
        for (int i = 0; i < graphs.length; i++) {
            Array.set(array, i, graphs[i]);
        }
        return create(newPlan, array);
    }

    void setDevice(Object plan, Object device) {
        call(withDevice, plan, device);
    }

    void setScheduler(Object plan, Object scheduler) {
        call(withScheduler, plan, scheduler);
    }

    /** Has one graph of a plan captured at its first execution and replayed at the next ones. */
    void replay(Object plan, int graph) {
        call(withCudaGraph, call(withGraph, plan, graph));
    }

    /** Executes one graph of a plan. The plan's root keeps nothing of it, as it does of chained and of whole executions. */
    void execute(Object plan, int graph) {
        call(execute, call(withGraph, plan, graph));
    }

    /** Compiles one graph of a plan without executing it. */
    void compile(Object plan, int graph) {
        call(method("TornadoExecutionPlan", "withPreCompilation"), call(withGraph, plan, graph));
    }

    /** What the driver's compiler was given for a task of a plan; null if the back end does not tell. */
    byte @Nullable [] source(Object plan, Object device, String task, String kernel) {
        try {
            Object context = deviceContext(device);
            Object code = context.getClass()
                    .getMethod("getInstalledCode", long.class, String.class, String.class)
                    .invoke(context, planId(plan), task, kernel);
            return code == null
                    ? null
                    : (byte[]) code.getClass().getMethod("getCode").invoke(code);
        } catch (ReflectiveOperationException e) {
            return null;
        }
    }

    /** Has a task of a plan use what was made for its kernel before; where the back end does not take it, it is made again. */
    void install(Object plan, Object device, String task, String kernel, byte[] source) {
        try {
            Class<?> schedule = Class.forName(TASKS + "ScheduleContext");
            Class<?> data = Class.forName(TASKS + "TaskDataContext");
            Object unnamed = data.getConstructor(schedule, String.class)
                    .newInstance(schedule.getConstructor(String.class).newInstance("g"), "t");
            Object context = deviceContext(device);
            context.getClass()
                    .getMethod("installCode", long.class, data, String.class, String.class, byte[].class)
                    .invoke(context, planId(plan), unnamed, task, kernel, source);
        } catch (InvocationTargetException e) {
            throw TornadoTypes.failed("installCode", e);
        } catch (ReflectiveOperationException e) {
            LOG.log(System.Logger.Level.DEBUG, "Code of " + kernel + " is compiled again", e);
        }
    }

    private static long planId(Object plan) throws ReflectiveOperationException {
        return (long) plan.getClass().getMethod("getId").invoke(plan);
    }

    private static Object deviceContext(Object device) throws ReflectiveOperationException {
        return device.getClass().getMethod("getDeviceContext").invoke(device);
    }

    /** Frees the device memory of one graph of a plan. */
    void free(Object plan, int graph) {
        call(close, call(withGraph, plan, graph));
    }

    Object scheduler() {
        return create(newScheduler);
    }

    /** Adds a grid for a task, of one work-item until it is {@link #resize}d. */
    Object addGrid(Object scheduler, String graph, String task) {
        Object grid = create(newGrid, 1, 1, 1);
        call(addGrid, scheduler, graph + "." + task, grid);
        return grid;
    }

    void resize(Object workerGrid, Grid grid) {
        if (grid.freeGroups()) {
            int group = Math.min(grid.x(), FREE_GROUP);
            call(setGlobalWork, workerGrid, Math.ceilDiv((long) grid.x(), group) * group, (long) grid.y(), (long)
                    grid.z());
            call(setLocalWork, workerGrid, (long) group, 1L, 1L);
        } else {
            call(setGlobalWork, workerGrid, (long) grid.x(), (long) grid.y(), (long) grid.z());
            call(setLocalWork, workerGrid, (long) grid.groupX(), (long) grid.groupY(), (long) grid.groupZ());
        }
    }

    /** Devices of all back ends, in TornadoVM's order. */
    List<DeviceHandle> devices() {
        Object runtime = call(method("runtime.TornadoRuntimeProvider", "getTornadoRuntime"), null);
        List<DeviceHandle> devices = new ArrayList<>();
        int backends = (int) call(method("TornadoRuntime", "getNumBackends"), runtime);
        for (int b = 0; b < backends; b++) {
            Object backend = call(method("TornadoRuntime", "getBackend", int.class), runtime, b);
            int count = (int) call(method("TornadoBackend", "getNumDevices"), backend);
            for (int d = 0; d < count; d++) {
                Object device = call(method("TornadoBackend", "getDevice", int.class), backend, d);
                devices.add(new DeviceHandle(device, describe(device, devices.size())));
            }
        }
        return devices;
    }

    /** A device of TornadoVM's and what is known of it. */
    record DeviceHandle(Object device, DeviceInfo info) {}

    private DeviceInfo describe(Object device, int number) {
        Object physical = call(method("common.TornadoDevice", "getPhysicalDevice"), device);
        Object backend = call(method("common.TornadoDevice", "getTornadoVMBackend"), device);
        return new DeviceInfo(
                number,
                String.valueOf(call(method("TornadoTargetDevice", "getDeviceName"), physical))
                        .strip(),
                backend.toString().toLowerCase(Locale.ROOT),
                (long) call(method("common.TornadoDevice", "getMaxGlobalMemory"), device),
                (long) call(method("common.TornadoDevice", "getMaxAllocMemory"), device),
                String.valueOf(call(method("common.TornadoDevice", "getPlatformName"), device))
                        .strip());
    }

    /** Makes {@link LibraryCall}s known, without a service file that would name a class of TornadoVM's as its interface. */
    private static boolean registerLibrary() {
        try {
            Class<?> registry = Class.forName(LibraryProvider.PACKAGE + "LibraryRegistry");
            Method providers = registry.getDeclaredMethod("getProviders");
            providers.setAccessible(true);
            @SuppressWarnings("unchecked") // a list of the interface that the proxy has
            List<Object> known = (List<Object>) providers.invoke(null);
            known.add(LibraryProvider.create(LIBRARY));
            return true;
        } catch (ReflectiveOperationException | RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, "This TornadoVM takes no libraries", e);
            return false;
        }
    }
}
