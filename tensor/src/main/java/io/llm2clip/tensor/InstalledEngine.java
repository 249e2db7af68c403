package io.llm2clip.tensor;

import java.util.ServiceLoader;

/** The engine on the class path. */
final class InstalledEngine {
    private static final Engine ENGINE = ServiceLoader.load(Engine.class, Engine.class.getClassLoader())
            .findFirst()
            .orElseThrow(() -> new IllegalStateException("The class path has no META-INF/services/"
                    + Engine.class.getName() + "; package llm2clip-tensor with its service files."));

    private InstalledEngine() {}

    static Engine get() {
        return ENGINE;
    }
}
