package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.Resources;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Parameters as they were before a step that proved them sound. Whether a step does so is known only after it has changed them, so they
 * are copied before, beside those that are proved.
 */
final class KeptParameters implements AutoCloseable {
    private final List<Parameter> parameters;
    // Made when first asked for.
    private @Nullable Parameters proved;
    private @Nullable Parameters candidate;
    private boolean hasProved;

    KeptParameters(List<Parameter> parameters) {
        this.parameters = parameters;
    }

    /** Copies the parameters as they are. */
    void copy() {
        Parameters target = candidate == null ? allocate() : candidate;
        for (Parameter parameter : parameters) {
            target.get(parameter.name()).data().copyFrom(parameter.data());
        }
    }

    /** Both at once or none, so that what was kept once can be kept again. */
    private Parameters allocate() {
        Parameters first = copies();
        try {
            candidate = copies();
        } catch (RuntimeException | Error e) {
            first.close();
            throw e;
        }
        proved = first;
        return candidate;
    }

    /** Says that what was copied last is sound, and to be kept. */
    void prove() {
        Parameters before = proved;
        proved = candidate;
        candidate = before;
        hasProved = true;
    }

    /** Makes the parameters what is kept, if anything is. */
    void restore() {
        if (proved != null && hasProved) {
            for (Parameter parameter : parameters) {
                parameter.data().copyFrom(proved.get(parameter.name()).data());
            }
        }
    }

    /** Room for a copy of all parameters. */
    private Parameters copies() {
        Parameters copies = new Parameters(0);
        try {
            for (Parameter parameter : parameters) {
                zeros(copies, parameter.name(), parameter);
            }
        } catch (RuntimeException | Error e) {
            copies.close();
            throw e;
        }
        return copies;
    }

    /** Room for something like a parameter, now rather than in the first step. */
    static Parameter zeros(Parameters owner, String name, Parameter like) {
        Parameter zeros = owner.root().create(name, like.shape(), Initializer.zeros());
        zeros.data();
        return zeros;
    }

    @Override
    public void close() {
        Resources resources = new Resources();
        if (proved != null) {
            resources.add(proved::close);
        }
        if (candidate != null) {
            resources.add(candidate::close);
        }
        resources.close();
    }
}
