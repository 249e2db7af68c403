package io.llm2clip.kernels.gpu.tornado;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A provider of library tasks as TornadoVM asks for it; each task brings its {@link LibraryCall} as what TornadoVM calls its tuning. */
final class LibraryProvider implements InvocationHandler {
    static final String PACKAGE = "uk.ac.manchester.tornado.runtime.library.";

    private static final String SPI = PACKAGE + "spi.";
    private static final String INVOCATION = SPI + "LibraryInvocation";
    private static final String STREAMS = SPI + "TornadoNativeStreamSupport";
    private static final String DESCRIPTOR = KernelRelinker.API + "common.LibraryTaskDescriptor";

    private final String name;

    private LibraryProvider(String name) {
        this.name = name;
    }

    /**
     * An object of TornadoVM's interface.
     *
     * @throws ClassNotFoundException if this TornadoVM has none
     */
    static Object create(String name) throws ClassNotFoundException {
        return proxy(SPI + "TornadoLibraryProvider", new LibraryProvider(name));
    }

    private static Object proxy(String type, InvocationHandler handler) throws ClassNotFoundException {
        return Proxy.newProxyInstance(
                LibraryProvider.class.getClassLoader(), new Class<?>[] {Class.forName(type)}, handler);
    }

    /** What TornadoVM keeps for a plan: the device's context. */
    private record Context(long address) implements InvocationHandler {
        @Override
        public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) {
            return ofObject(proxy, method, arguments, "context " + address);
        }
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        Object[] given = arguments == null ? new Object[0] : arguments;
        switch (method.getName()) {
            case "libraryName" -> {
                return name;
            }
            case "canHandle" -> {
                return Class.forName(STREAMS).isInstance(given[0]);
            }
            case "createContext" -> {
                return proxy(SPI + "LibraryContext", new Context((long)
                        get(STREAMS, "getNativeContext", given[0], given[1])));
            }
            case "prepare" -> {
                LibraryCall call = (LibraryCall) get(DESCRIPTOR, "getTuning", given[0]);
                call.prepare(((Context) Proxy.getInvocationHandler(given[1])).address);
                return null;
            }
            case "dispatch" -> {
                dispatch(given[1]);
                return null;
            }
            case "destroyContext" -> {
                return null;
            }
            default -> {
                return ofObject(proxy, method, arguments, name);
            }
        }
    }

    private static void dispatch(Object invocation) throws ReflectiveOperationException {
        LibraryCall call = (LibraryCall) get(INVOCATION, "getTuning", invocation);
        Object device = get(INVOCATION, "getDevice", invocation);
        Object plan = get(INVOCATION, "getExecutionPlanId", invocation);
        long[] addresses = new long[call.arenas().size()];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = (long) get(INVOCATION, "getDevicePointer", invocation, i);
        }
        call.run(addresses, (long) get(STREAMS, "getNativeStream", device, plan));
    }

    private static Object get(String owner, String method, Object target, Object... arguments)
            throws ReflectiveOperationException {
        for (Method candidate : Class.forName(owner).getMethods()) {
            if (candidate.getName().equals(method) && candidate.getParameterCount() == arguments.length) {
                try {
                    return candidate.invoke(target, arguments);
                } catch (InvocationTargetException e) {
                    throw new IllegalStateException("TornadoVM failed in " + method + ".", e);
                }
            }
        }
        throw new NoSuchMethodException(owner + "." + method);
    }

    /** The methods that every object has, which proxies pass on, too. */
    private static @Nullable Object ofObject(
            Object proxy, Method method, Object @Nullable [] arguments, String description) {
        return switch (method.getName()) {
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> proxy == Objects.requireNonNull(arguments)[0];
            case "toString" -> description;
            default -> throw new UnsupportedOperationException(method + " is new; this version knows nothing of it.");
        };
    }
}
