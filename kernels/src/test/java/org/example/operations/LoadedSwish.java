package org.example.operations;

import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.Operand;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Swish} with the kernel class that a loader has defined, as an application server or a plug-in has its own. */
public record LoadedSwish(Class<?> kernels, Swish swish) implements DeviceOp {

    /** Defines the kernel class in a new loader. */
    public LoadedSwish(int elements, float beta) {
        this(new Plugin().kernels(), new Swish(elements, beta));
    }

    @Override
    public List<Operand> operands() {
        return swish.operands();
    }

    @Override
    public void reference(MemorySegment... operands) {
        swish.reference(operands);
    }

    @Override
    public DevicePlan plan() {
        return DevicePlan.perElement(this, kernels, "k_swish", swish.elements(), List.of(), List.of(swish.beta()));
    }

    private static final class Plugin extends ClassLoader {
        private static final String KERNELS = ForeignKernels.class.getName();

        Plugin() {
            super(Plugin.class.getClassLoader());
        }

        Class<?> kernels() {
            try (InputStream in = getResourceAsStream(KERNELS.replace('.', '/') + ".class")) {
                byte[] bytes = in.readAllBytes();
                return defineClass(KERNELS, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new UncheckedIOException("The kernel class cannot be read.", e);
            }
        }
    }
}
