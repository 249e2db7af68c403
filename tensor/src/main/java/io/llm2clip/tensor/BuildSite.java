package io.llm2clip.tensor;

import io.llm2clip.kernels.Settings;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Where in the source nodes are built, noted while {@link Settings#checksNan} for messages about their values. */
public final class BuildSite {
    /** Callers that are noted, the nearest first: a layer, and what it is part of. */
    private static final int CALLERS = 4;

    private static final String ENGINE = BuildSite.class.getPackageName();
    private static final ScopedValue<String> DIFFERENTIATED = ScopedValue.newInstance();

    private BuildSite() {}

    /** The site of a node that is being built; null where none is noted. */
    static @Nullable String current() {
        if (!Settings.checksNan()) {
            return null;
        }
        if (DIFFERENTIATED.isBound()) {
            return DIFFERENTIATED.get();
        }
        List<StackWalker.StackFrame> callers = StackWalker.getInstance()
                .walk(frames -> frames.filter(frame -> !isEngine(frame.getClassName()))
                        .limit(CALLERS)
                        .toList());
        return "built at "
                + callers.stream().map(StackWalker.StackFrame::toString).collect(Collectors.joining(", called from "));
    }

    private static boolean isEngine(String className) {
        String packageName = className.substring(0, Math.max(0, className.lastIndexOf('.')));
        return packageName.equals(ENGINE) || packageName.startsWith(ENGINE + ".internal.");
    }

    /** Builds nodes of a node's gradient, whose site is that of the node. */
    public static <T> T ofGradient(Tensor node, Supplier<T> rule) {
        String site = node.site();
        return site == null
                ? rule.get()
                : ScopedValue.where(
                                DIFFERENTIATED, site.startsWith("gradient of") ? site : "gradient of what was " + site)
                        .call(rule::get);
    }
}
