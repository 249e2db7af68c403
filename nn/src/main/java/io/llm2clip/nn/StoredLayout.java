package io.llm2clip.nn;

import io.llm2clip.nn.StoredPlace.Form;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * How checkpoints of one origin store a model's parameters: under which names, and in which forms. It is told apart from others
 * by names of tensors that only it has, its markers.
 *
 * <p>Names may be those of a tower alone or within a larger model, which is a root before them, and a training program may have
 * put {@code module.}, {@code model.} or {@code state_dict.} before all names of a file. {@link #find} finds out.
 */
public final class StoredLayout {
    private static final Pattern CONTAINERS = Pattern.compile("((module|model|state_dict)\\.)*");

    /** What tensors and parameters of templates have to do with each other. */
    private record Rule(NameTemplate tensor, Form form, List<NameTemplate> parameters) {

        /** The place of a parameter, before roots; null if this rule is about others. */
        Optional<StoredPlace> place(String parameter) {
            return parameters.stream()
                    .flatMap(template -> template.match(parameter).stream())
                    .findFirst()
                    .map(parts -> new StoredPlace(
                            tensor.fill(parts),
                            form,
                            parameters.stream()
                                    .map(template -> template.fill(parts))
                                    .toList()));
        }
    }

    private final String parameterRoot;
    private final List<String> roots;
    private final List<String> markers;
    private final List<Rule> rules;

    private StoredLayout(Builder builder) {
        parameterRoot = builder.parameterRoot;
        roots = List.copyOf(builder.roots);
        markers = List.copyOf(builder.markers);
        rules = List.copyOf(builder.rules);
    }

    /**
     * A layout in which names are those of the parameters, until rules say otherwise.
     *
     * @param parameterRoot what the names of all parameters that rules and markers speak of begin with; others are stored as they are
     * @param roots what may stand there in a checkpoint instead, the usual one first
     */
    public static Builder builder(String parameterRoot, String... roots) {
        return new Builder(parameterRoot, List.of(roots));
    }

    /** Collects rules, of which the first that knows a parameter decides. */
    public static final class Builder {
        private final String parameterRoot;
        private final List<String> roots;
        private final List<String> markers = new ArrayList<>();
        private final List<Rule> rules = new ArrayList<>();

        private Builder(String parameterRoot, List<String> roots) {
            this.parameterRoot = parameterRoot;
            this.roots = roots;
        }

        /** Names of tensors without which a checkpoint is not of this layout. */
        public Builder marked(String... tensors) {
            markers.addAll(List.of(tensors));
            return this;
        }

        /** Another name. In all templates {@code *} is any number; what follows a template after a dot is kept. */
        public Builder renamed(String parameter, String tensor) {
            return rule(tensor, Form.SAME, parameter);
        }

        /** Another name, and other dimensions of size 1. */
        public Builder reshaped(String parameter, String tensor) {
            return rule(tensor, Form.RESHAPED, parameter);
        }

        /** Another name, and the transposed matrix. */
        public Builder transposed(String parameter, String tensor) {
            return rule(tensor, Form.TRANSPOSED, parameter);
        }

        /** Several parameters in one tensor, in the order of its rows. */
        public Builder fused(String tensor, String... parameters) {
            return rule(tensor, Form.ROWS, parameters);
        }

        private Builder rule(String tensor, Form form, String... parameters) {
            rules.add(new Rule(
                    new NameTemplate(tensor),
                    form,
                    Stream.of(parameters).map(NameTemplate::new).toList()));
            return this;
        }

        public StoredLayout build() {
            return new StoredLayout(this);
        }
    }

    /** This layout with the names as a checkpoint has them, if it is of this layout: all markers are there, under one root. */
    public Optional<Found> find(Set<String> tensors) {
        if (markers.isEmpty()) {
            return Optional.of(usual());
        }
        String first = markers.getFirst();
        return roots.stream()
                .flatMap(root -> tensors.stream()
                        .filter(name -> name.endsWith(root + first))
                        .map(name -> name.substring(0, name.length() - first.length() - root.length()))
                        .filter(container -> CONTAINERS.matcher(container).matches())
                        .sorted(Comparator.comparingInt(String::length))
                        .map(container -> new Found(this, container, root)))
                .filter(found -> markers.stream().allMatch(marker -> tensors.contains(found.prefix() + marker)))
                .findFirst();
    }

    /** This layout as a checkpoint of it is usually named. */
    public Found usual() {
        return new Found(this, "", roots.getFirst());
    }

    private StoredPlace place(String parameter) {
        return rules.stream()
                .flatMap(rule -> rule.place(parameter).stream())
                .findFirst()
                .orElseGet(() -> StoredPlace.same(parameter, parameter));
    }

    /**
     * A layout under the names of one checkpoint.
     *
     * @param container what all names of the model begin with, such as {@code module.}; mostly empty
     * @param root what the names of the part begin with within the model
     */
    public record Found(StoredLayout layout, String container, String root) {

        /** What the names of the part begin with. */
        public String prefix() {
            return container + root;
        }

        /** Where the checkpoint has a parameter. */
        public StoredPlace place(String parameter) {
            if (!parameter.startsWith(layout.parameterRoot)) {
                return StoredPlace.same(container + parameter, parameter);
            }
            StoredPlace place = layout.place(parameter.substring(layout.parameterRoot.length()));
            return new StoredPlace(
                    prefix() + place.tensor(),
                    place.form(),
                    place.parameters().stream()
                            .map(layout.parameterRoot::concat)
                            .toList());
        }
    }
}
