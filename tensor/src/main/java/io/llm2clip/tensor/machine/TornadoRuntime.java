package io.llm2clip.tensor.machine;

import io.llm2clip.kernels.gpu.tornado.TornadoInstallation;
import io.llm2clip.kernels.gpu.tornado.TornadoVm;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A TornadoVM on this machine, by which programs reach graphics cards. A JVM has it only if it was started with its
 * {@link #jvmArguments arguments}.
 *
 * @param home its folder
 * @param version as it states it; for messages only
 */
public record TornadoRuntime(Path home, String version) {
    /** The environment variable that names the folder. */
    public static final String HOME_VARIABLE = TornadoInstallation.HOME_VARIABLE;

    /** The newest version that device kernels were tested on; others are not refused. */
    public static final String TESTED = TornadoInstallation.TESTED;

    /**
     * The installation that the environment names, or SDKMAN's current one.
     *
     * @throws TornadoException if there is none, or it lacks what every installation has
     */
    public static TornadoRuntime find() {
        return TornadoException.translating(() -> {
            TornadoInstallation installation = TornadoInstallation.find();
            return new TornadoRuntime(installation.home(), installation.version());
        });
    }

    /**
     * Arguments for a JVM that is to have it.
     *
     * @param backend such as {@code cuda}; null for the one that {@code -Dllm2clip.tornado.backend} names, or the best
     * @throws TornadoException if there is no such back end, or files are missing
     */
    public List<String> jvmArguments(@Nullable String backend) {
        return TornadoException.translating(() -> {
            TornadoInstallation installation = TornadoInstallation.at(home);
            return backend == null ? installation.jvmArguments() : installation.jvmArguments(backend);
        });
    }

    /** Why this JVM does not have it; empty if it does. */
    public static Optional<String> absence() {
        return TornadoVm.absence();
    }

    /**
     * The devices of this JVM's back end, numbered from 0.
     *
     * @throws TornadoException if this JVM does not have TornadoVM, or that has no driver
     */
    public static List<Accelerator> accelerators() {
        return TornadoException.translating(
                () -> TornadoVm.devices().stream().map(Accelerator::of).toList());
    }
}
