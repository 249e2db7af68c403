package io.llm2clip.kernels.device;

import static io.llm2clip.kernels.device.DeviceKernel.Role.FLOATS;
import static io.llm2clip.kernels.device.DeviceKernel.Role.PARAMS;
import static io.llm2clip.kernels.device.DeviceKernel.Role.SCALARS;

import io.llm2clip.kernels.Expression;
import io.llm2clip.kernels.Expression.Instruction;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Kernels of single expressions. Each is a class {@link ElementwiseKernels} of its own, in a loader of its own that also yields its
 * class file: whoever loads kernels again asks for that by the name, and TornadoVM looks for a class of that name on the class path.
 */
final class GeneratedKernels extends ClassLoader {
    /** Compilers of devices keep what they know of a method for ever, so there is an end to generated ones. */
    private static final int MOST = 1000;

    private static final Map<Key, DeviceKernel> KERNELS = new HashMap<>();

    private final byte[] bytes;

    private record Key(Expression shape, List<InputLayout> layouts) {}

    private GeneratedKernels(byte[] bytes) {
        super(ElementwiseKernels.class.getClassLoader());
        this.bytes = bytes;
    }

    /** The kernel of an expression, whatever its literals; none if there are too many already. */
    static synchronized Optional<DeviceKernel> of(Expression expression, List<InputLayout> layouts) {
        List<Instruction> shape = expression.instructions().stream()
                .map(i -> new Instruction(i.opcode(), i.a(), i.b(), i.c(), 0))
                .toList();
        Key key = new Key(new Expression(expression.inputs(), shape), List.copyOf(layouts));
        if (!KERNELS.containsKey(key) && KERNELS.size() < MOST) {
            KERNELS.put(key, generate(key));
        }
        return Optional.ofNullable(KERNELS.get(key));
    }

    private static DeviceKernel generate(Key key) {
        GeneratedKernels loader = new GeneratedKernels(ElementwiseGenerator.generate(key.shape, key.layouts));
        Class<?> owner = loader.defineClass(ElementwiseKernels.class.getName(), loader.bytes, 0, loader.bytes.length);
        return DeviceKernel.of(owner, ElementwiseKernels.NAME, FLOATS, PARAMS, SCALARS);
    }

    @Override
    public @Nullable InputStream getResourceAsStream(String name) {
        boolean own = name.equals(ElementwiseKernels.class.getName().replace('.', '/') + ".class");
        return own ? new ByteArrayInputStream(bytes) : super.getResourceAsStream(name);
    }
}
