package io.llm2clip.kernels.gpu.codegen;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.kernels.MatmulKernels;
import io.llm2clip.kernels.operations.Expression;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.MethodModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Kernels of single expressions: the classes of those that interpret expressions, with the code of one in the place of the interpreter.
 * It is code in the dialect, which the emulator runs and the relinker takes as if it had been compiled from source.
 *
 * <p>Each class has a loader of its own that also yields its class file: whoever loads kernels again asks for that by the name, and
 * TornadoVM looks for a class of that name on the class path.
 */
public final class GeneratedKernels extends ClassLoader {
    /** Compilers of devices keep what they know of a method for ever, so there is an end to generated ones. */
    private static final int MOST = 1000;

    private static final Map<Key, DeviceKernel> KERNELS = new HashMap<>();

    private final String name;
    private final byte[] bytes;

    private record Key(DeviceKernel interpreter, Expression shape, List<InputLayout> layouts) {}

    private GeneratedKernels(String name, byte[] bytes) {
        super(GeneratedKernels.class.getClassLoader());
        this.name = name;
        this.bytes = bytes;
    }

    /** The kernel of an elementwise expression, whatever its literals; none if there are too many already. */
    public static Optional<DeviceKernel> elementwise(
            DeviceKernel interpreter, Expression expression, List<InputLayout> layouts) {
        Key key = new Key(interpreter, expression.shape(), List.copyOf(layouts));
        return of(key, interpreter.name(), code -> ElementwiseGenerator.emit(code, key.shape, key.layouts));
    }

    /** The kernel of a product with an epilogue, whatever its literals; none if there are too many already. */
    public static Optional<DeviceKernel> product(DeviceKernel interpreter, Expression epilogue) {
        Key key = new Key(interpreter, epilogue.shape(), List.of());
        return of(key, MatmulKernels.EPILOGUE, code -> EpilogueGenerator.emit(code, key.shape));
    }

    private static synchronized Optional<DeviceKernel> of(Key key, String method, Consumer<CodeBuilder> body) {
        if (!KERNELS.containsKey(key) && KERNELS.size() < MOST) {
            Class<?> original = key.interpreter.owner();
            byte[] generated = replace(original, method, body);
            GeneratedKernels loader = new GeneratedKernels(original.getName(), generated);
            Class<?> owner = loader.defineClass(original.getName(), generated, 0, generated.length);
            KERNELS.put(key, new DeviceKernel(owner, key.interpreter.name(), key.interpreter.roles()));
        }
        return Optional.ofNullable(KERNELS.get(key));
    }

    /** A class file with another body of a method. */
    private static byte[] replace(Class<?> original, String name, Consumer<CodeBuilder> body) {
        ClassFile file = ClassFile.of();
        ClassModel model = file.parse(classFile(original));
        return file.transformClass(model, (builder, member) -> {
            if (member instanceof MethodModel method && method.methodName().equalsString(name)) {
                builder.withMethodBody(
                        method.methodName(), method.methodType(), method.flags().flagsMask(), code -> {
                            nameParameters(code, method);
                            body.accept(code);
                        });
            } else {
                builder.with(member);
            }
        });
    }

    /** Copies the names of parameters, by which device compilers know them. */
    private static void nameParameters(CodeBuilder code, MethodModel method) {
        int slots = method.methodTypeSymbol().parameterCount();
        method.code()
                .flatMap(original -> original.findAttribute(Attributes.localVariableTable()))
                .ifPresent(table -> table.localVariables().stream()
                        .filter(variable -> variable.slot() < slots)
                        .forEach(variable -> code.localVariable(
                                variable.slot(),
                                variable.name().stringValue(),
                                variable.typeSymbol(),
                                code.startLabel(),
                                code.endLabel())));
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
