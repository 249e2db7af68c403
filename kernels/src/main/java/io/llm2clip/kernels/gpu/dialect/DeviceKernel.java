package io.llm2clip.kernels.gpu.dialect;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;

/**
 * A kernel by name: a static method whose parameters are a {@link KernelContext} and then one buffer for each role.
 *
 * @param owner class that declares the method
 * @param name the method's name, also the device function's; starts with {@code k_}
 * @param roles what is passed after the context, in order
 */
public record DeviceKernel(Class<?> owner, String name, List<Role> roles) {

    /** A buffer that kernels are called with. */
    public enum Role {
        /** Arena of the f32 and boolean operands. */
        FLOATS(FloatBuf.class),
        /** Arena of the i32 operands. */
        INTS(IntBuf.class),
        /** Arena of the bf16 and f16 operands. */
        HALVES(ShortBuf.class),
        /** Part of a transfer's f32 elements, in memory that the host can reach; the arena itself where kernels are emulated. */
        FLOAT_STAGING(FloatBuf.class),
        /** As {@link #FLOAT_STAGING}, of i32 elements. */
        INT_STAGING(IntBuf.class),
        /** As {@link #FLOAT_STAGING}, of bf16 and f16 elements. */
        HALF_STAGING(ShortBuf.class),
        /** The launch's dimensions followed by its operands' offsets. */
        PARAMS(IntBuf.class),
        /** The launch's float constants. */
        SCALARS(FloatBuf.class);

        private final Class<?> type;

        Role(Class<?> type) {
            this.type = type;
        }

        /** Parameter type of a kernel that takes the buffer. */
        public Class<?> type() {
            return type;
        }

        /** Whether it is one of the staging arrays. */
        public boolean staging() {
            return this == FLOAT_STAGING || this == INT_STAGING || this == HALF_STAGING;
        }
    }

    public DeviceKernel {
        roles = List.copyOf(roles);
    }

    public static DeviceKernel of(Class<?> owner, String name, Role... roles) {
        return new DeviceKernel(owner, name, List.of(roles));
    }

    /**
     * The kernel's method in a given definition of its class: the original, or one relinked under the same name.
     *
     * @throws IllegalArgumentException if there is no such static method
     */
    public Method method(Class<?> definition) {
        List<Class<?>> types = new ArrayList<>();
        types.add(KernelContext.class);
        roles.forEach(role -> types.add(role.type()));
        try {
            return definition.getDeclaredMethod(name, types.toArray(Class<?>[]::new));
        } catch (NoSuchMethodException e) {
            throw new IllegalArgumentException(
                    "Kernel " + owner.getName() + "." + name + " with parameters " + types
                            + " is not declared; declare it, or correct the roles of its DeviceKernel.",
                    e);
        }
    }
}
