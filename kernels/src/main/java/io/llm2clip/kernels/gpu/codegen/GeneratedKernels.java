package io.llm2clip.kernels.gpu.codegen;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.kernels.ElementwiseKernels;
import io.llm2clip.kernels.gpu.kernels.MatmulKernels;
import io.llm2clip.kernels.operations.Expression;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Kernels of expressions, one operand a buffer: of a single expression, or of all with a number of inputs, which they interpret. It is
 * code in the dialect, which the emulator runs and the relinker takes as if it had been compiled from source.
 *
 * <p>Each class has a loader of its own that also yields its class file: whoever loads kernels again asks for that by the name, and
 * TornadoVM looks for a class of that name on the class path.
 */
public final class GeneratedKernels extends ClassLoader {
    /** Upper bound on kernels of single expressions: device compilers never release what they keep for a method. */
    private static final int MAX_EXPRESSIONS = 1000;

    private static final Map<Key, DeviceKernel> KERNELS = new HashMap<>();

    private final String name;
    private final byte[] bytes;

    /** The shape is null for kernels that interpret, {@code words} tells of B of a matmul. */
    private record Key(
            Class<?> owner, int inputs, @Nullable Expression shape, List<InputLayout> layouts, boolean words) {}

    private GeneratedKernels(String name, byte[] bytes) {
        super(GeneratedKernels.class.getClassLoader());
        this.name = name;
        this.bytes = bytes;
    }

    /** The kernel of an elementwise expression, whatever its literals; none if there are too many already. */
    public static Optional<DeviceKernel> elementwise(Expression expression, List<InputLayout> layouts) {
        Expression shape = expression.shape();
        return kernel(
                new Key(ElementwiseKernels.class, shape.inputs(), shape, List.copyOf(layouts), false),
                ClassTransform.endHandler(builder -> ElementwiseGenerator.add(builder, shape, layouts)));
    }

    /** The kernel that interprets elementwise expressions of a number of inputs. */
    public static DeviceKernel interpretingElementwise(int inputs) {
        return kernel(
                        new Key(ElementwiseKernels.class, inputs, null, List.of(), false),
                        ClassTransform.endHandler(builder -> ElementwiseGenerator.addInterpreter(builder, inputs)))
                .orElseThrow();
    }

    /**
     * The kernel of a matmul with an epilogue, whatever its literals; none if there are too many already.
     *
     * @param words whether B is stored in words of 16 bits
     */
    public static Optional<DeviceKernel> matmul(Expression epilogue, boolean words) {
        if (epilogue.instructions().isEmpty() && !words) {
            return Optional.of(
                    new DeviceKernel(MatmulKernels.class, MatmulKernels.NAME, roles(MatmulKernels.class, 1, false)));
        }
        Expression shape = epilogue.shape();
        return kernel(
                new Key(MatmulKernels.class, shape.inputs(), shape, List.of(), words),
                MatmulGenerator.of(shape, words));
    }

    /** The kernel of a matmul that interprets epilogues of a number of extra operands. */
    public static DeviceKernel interpretingMatmul(int extras, boolean words) {
        return kernel(
                        new Key(MatmulKernels.class, 1 + extras, null, List.of(), words),
                        MatmulGenerator.interpreting(extras, words))
                .orElseThrow();
    }

    private static synchronized Optional<DeviceKernel> kernel(Key key, ClassTransform transform) {
        if (!KERNELS.containsKey(key) && (key.shape == null || KERNELS.size() < MAX_EXPRESSIONS)) {
            ClassFile file = ClassFile.of();
            byte[] generated = file.transformClass(file.parse(classFile(key.owner)), transform);
            GeneratedKernels loader = new GeneratedKernels(key.owner.getName(), generated);
            Class<?> owner = loader.defineClass(key.owner.getName(), generated, 0, generated.length);
            KERNELS.put(
                    key,
                    new DeviceKernel(
                            owner,
                            key.owner == MatmulKernels.class ? MatmulKernels.NAME : ElementwiseKernels.NAME,
                            roles(key.owner, key.inputs, key.words)));
        }
        return Optional.ofNullable(KERNELS.get(key));
    }

    /** Of a matmul's inputs the first is its accumulator, the others come last. */
    private static List<Role> roles(Class<?> owner, int inputs, boolean words) {
        List<Role> roles = new ArrayList<>();
        if (owner == MatmulKernels.class) {
            Role b = words ? Role.HALVES : Role.FLOATS;
            roles.addAll(List.of(Role.FLOATS, b, Role.FLOATS, Role.PARAMS, Role.SCALARS));
            roles.addAll(Collections.nCopies(inputs - 1, Role.FLOATS));
        } else {
            roles.addAll(Collections.nCopies(inputs + 1, Role.FLOATS));
            roles.addAll(List.of(Role.PARAMS, Role.SCALARS));
        }
        return roles;
    }

    private static byte[] classFile(Class<?> type) {
        String resource = type.getSimpleName() + ".class";
        try (InputStream in = type.getResourceAsStream(resource)) {
            return Objects.requireNonNull(in, resource).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("Class file " + resource + " cannot be read.", e);
        }
    }

    @Override
    public @Nullable InputStream getResourceAsStream(String resource) {
        return resource.equals(name.replace('.', '/') + ".class")
                ? new ByteArrayInputStream(bytes)
                : super.getResourceAsStream(resource);
    }
}
