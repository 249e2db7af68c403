package io.llm2clip.kernels.gpu.dialect;

import io.llm2clip.kernels.DType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;

/**
 * A kernel by name: a static method whose parameters are a {@link KernelContext} and then one buffer for each role.
 *
 * @param owner class that declares the method
 * @param name the method's name, also the device function's; starts with {@code k_}
 * @param roles what is passed after the context, in order; {@link Role#PARAMS} once and {@link Role#SCALARS} at most once
 */
public record DeviceKernel(Class<?> owner, String name, List<Role> roles) {

    /** A buffer that kernels are called with. */
    public enum Role {
        /** Arena that stores an f32 or boolean operand. */
        FLOATS(FloatBuf.class),
        /** Arena that stores an i32 operand. */
        INTS(IntBuf.class),
        /** Arena that stores an operand in words of 16 bits: of bf16, f16 or quantized elements. */
        HALVES(ShortBuf.class),
        /** The launch's dimensions, then for each operand the offset of its first element in its arena. */
        PARAMS(IntBuf.class),
        /** The launch's float constants. */
        SCALARS(FloatBuf.class);

        private final Class<?> type;

        Role(Class<?> type) {
            this.type = type;
        }

        /**
         * The role of operands of a format.
         *
         * @throws IllegalArgumentException if devices have no memory of it
         */
        public static Role of(DType dtype) {
            return switch (dtype.arena()) {
                case F32, BOOL -> FLOATS;
                case I32 -> INTS;
                case BF16, F16 -> HALVES;
                case Q8, Q4, Q4_1 ->
                    throw new IllegalArgumentException("A device has no memory of " + dtype
                            + " elements, expected a dense format; convert them before.");
            };
        }

        /** Parameter type of a kernel that takes the buffer. */
        public Class<?> type() {
            return type;
        }

        /** Whether an operand is stored in it; operands may share an arena. */
        public boolean isOperand() {
            return this != PARAMS && this != SCALARS;
        }
    }

    public DeviceKernel {
        roles = List.copyOf(roles);
        if (!name.startsWith("k_")) {
            throw new IllegalArgumentException("Kernel " + owner.getName() + "." + name
                    + " is called so, expected a name with prefix k_, by which kernels and their helpers are told.");
        }
        long params = roles.stream().filter(role -> role == Role.PARAMS).count();
        long scalars = roles.stream().filter(role -> role == Role.SCALARS).count();
        if (params != 1 || scalars > 1) {
            throw new IllegalArgumentException("Kernel " + name + " has the roles " + roles
                    + ", expected PARAMS once and SCALARS at most once; correct its parameters.");
        }
    }

    public static DeviceKernel of(Class<?> owner, String name, Role... roles) {
        return new DeviceKernel(owner, name, List.of(roles));
    }

    /** Number of operands. */
    public int operands() {
        return (int) roles.stream().filter(Role::isOperand).count();
    }

    /**
     * The kernel's method in a given definition of its class: the original, or one relinked under the same name.
     *
     * @throws IllegalArgumentException if there is no such static method without a result
     */
    public Method method(Class<?> definition) {
        List<Class<?>> types = new ArrayList<>();
        types.add(KernelContext.class);
        roles.forEach(role -> types.add(role.type()));
        try {
            Method method = definition.getDeclaredMethod(name, types.toArray(Class<?>[]::new));
            if (!Modifier.isStatic(method.getModifiers()) || method.getReturnType() != void.class) {
                throw new IllegalArgumentException("Kernel " + owner.getName() + "." + name + " is " + method
                        + ", expected a static void method.");
            }
            return method;
        } catch (NoSuchMethodException e) {
            throw new IllegalArgumentException(
                    "Kernel " + owner.getName() + "." + name + " with parameters " + types
                            + " is not declared; declare it, or correct the roles of its DeviceKernel.",
                    e);
        }
    }
}
