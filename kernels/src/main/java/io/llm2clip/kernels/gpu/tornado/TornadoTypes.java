package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.gpu.device.DeviceException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;

/**
 * Finds and calls what TornadoVM's public classes have, by names below its package. Whatever is missing or fails is a {@link DeviceException}
 * that says so.
 */
final class TornadoTypes {
    private TornadoTypes() {}

    static Object enumConstant(Class<?> type, String name) {
        for (Object constant : type.getEnumConstants()) {
            if (constant.toString().equals(name)) {
                return constant;
            }
        }
        throw changed(type.getSimpleName() + "." + name, new NoSuchFieldException(name));
    }

    static Class<?> type(String name) {
        try {
            return Class.forName(KernelRelinker.API + name);
        } catch (ClassNotFoundException e) {
            throw changed("class " + name, e);
        }
    }

    static Constructor<?> constructor(String owner, Class<?>... parameters) {
        try {
            return type(owner).getConstructor(parameters);
        } catch (NoSuchMethodException e) {
            throw changed("constructor of " + owner, e);
        }
    }

    static Method method(String owner, String name, Class<?>... parameters) {
        try {
            return type(owner).getMethod(name, parameters);
        } catch (NoSuchMethodException e) {
            throw changed("method " + owner + "." + name, e);
        }
    }

    static int intField(String owner, String name) {
        try {
            Field field = type(owner).getField(name);
            return Math.toIntExact(field.getLong(null));
        } catch (ReflectiveOperationException e) {
            throw changed("field " + owner + "." + name, e);
        }
    }

    private static DeviceException changed(String what, Exception cause) {
        return new DeviceException(
                "This TornadoVM has no " + what + " as expected; install a version that has it, such as 5.2.0.", cause);
    }

    static Object create(Constructor<?> constructor, Object... arguments) {
        try {
            return constructor.newInstance(arguments);
        } catch (InvocationTargetException e) {
            throw failed(constructor.getDeclaringClass().getSimpleName(), e);
        } catch (ReflectiveOperationException e) {
            throw changed(
                    "usable constructor of " + constructor.getDeclaringClass().getSimpleName(), e);
        }
    }

    static Object call(Method method, @Nullable Object target, Object... arguments) {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException e) {
            throw failed(method.getName(), e);
        } catch (IllegalAccessException e) {
            throw changed("usable method " + method.getName(), e);
        }
    }

    /** The deepest cause has the reason, in the first line of a message that may have colors. */
    static DeviceException failed(String what, InvocationTargetException failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String reason = String.valueOf(cause.getMessage())
                .replaceAll("\u001B\\[[0-9;]*m", "")
                .strip()
                .lines()
                .findFirst()
                .orElse("no reason given");
        return new DeviceException(
                "TornadoVM failed in " + what + " (" + cause.getClass().getSimpleName() + ": " + reason + ")", cause);
    }
}
