package io.llm2clip.report;

import io.llm2clip.evaluation.Neighbor;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Galleries in a folder: what is shown of them in {@code searches.json}, their pictures beside it as JPEG files. */
public final class GalleryFolder {
    /** The file that says what the searches found. */
    public static final String NAME = "searches.json";

    private static final String KIND = "searches";
    private static final JsonMapper JSON = new JsonMapper();

    private GalleryFolder() {}

    /**
     * Writes galleries, all or none; of what can be found only that which is shown is asked for.
     *
     * @param galleries by title
     * @throws CheckpointException if the folder cannot be written
     */
    public static void write(Path folder, Map<String, Gallery> galleries) {
        try (OutputDirectory output = OutputDirectory.claim(folder, KIND, OutputDirectory.Existing.REPLACE)) {
            output.fill(unfinished -> fill(unfinished, galleries));
            output.publish();
        }
    }

    private static void fill(Path folder, Map<String, Gallery> galleries) throws IOException {
        ArrayNode all = JSON.createArrayNode();
        for (Map.Entry<String, Gallery> titled : galleries.entrySet()) {
            Gallery gallery = titled.getValue();
            ObjectNode node = all.addObject()
                    .put("title", titled.getKey())
                    .put("kind", gallery.kind().name().toLowerCase(Locale.ROOT));
            node.set("models", JSON.valueToTree(gallery.models()));
            ArrayNode strata = node.putArray("strata");
            for (Searches.Stratum stratum : gallery.searches().strata()) {
                ArrayNode searches = strata.addObject()
                        .put("name", stratum.name())
                        .put("count", stratum.count())
                        .putArray("searches");
                stratum.searches().forEach(search -> write(search, gallery, searches.addObject()));
            }
            ObjectNode items = node.putObject("items");
            for (int number : shown(gallery)) {
                Gallery.Item item = gallery.item().apply(number);
                ObjectNode each = items.putObject(Integer.toString(number)).put("caption", item.caption());
                if (item.picture().isPresent()) {
                    String name = picture(all.size() - 1, number);
                    item.picture().get().write(folder.resolve(name));
                    each.put("picture", name);
                }
            }
        }
        Files.writeString(
                folder.resolve(NAME), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n");
    }

    /**
     * The name of a picture's file.
     *
     * @param gallery number of it
     * @param item number within the gallery
     */
    public static String picture(int gallery, int item) {
        return "%d-%d.jpg".formatted(gallery, item);
    }

    private static void write(Searches.Search search, Gallery gallery, ObjectNode node) {
        node.put("query", gallery.query().apply(search.query()))
                .put("number", search.query())
                .put("right", gallery.target().applyAsInt(search.query()));
        ArrayNode found = node.putArray("found");
        for (Searches.Found each : search.found()) {
            ArrayNode nearest = found.addObject().put("rank", each.rank()).putArray("nearest");
            each.nearest()
                    .forEach(neighbor -> nearest.addObject()
                            .put("item", neighbor.candidate())
                            .put("cosine", neighbor.cosine()));
        }
    }

    /** Right answers, and what was found, once each. */
    private static List<Integer> shown(Gallery gallery) {
        return gallery.searches().strata().stream()
                .flatMap(stratum -> stratum.searches().stream())
                .flatMap(search -> Stream.concat(
                        Stream.of(gallery.target().applyAsInt(search.query())),
                        search.found().stream()
                                .flatMap(found -> found.nearest().stream())
                                .map(Neighbor::candidate)))
                .distinct()
                .sorted()
                .toList();
    }

    /**
     * What {@link #write} wrote; a picture that is gone is left out.
     *
     * @return by title; empty if there is none
     * @throws CheckpointException if the file cannot be read, or is another one
     */
    public static Map<String, Gallery> read(Path folder) {
        Path file = folder.resolve(NAME);
        Map<String, Gallery> galleries = new LinkedHashMap<>();
        try {
            for (JsonNode node : JSON.readTree(Files.readAllBytes(file))) {
                galleries.put(node.path("title").asString(), gallery(node, folder));
            }
            return galleries;
        } catch (NoSuchFileException e) {
            return galleries;
        } catch (JacksonException | IllegalArgumentException e) {
            throw new CheckpointException(
                    "%s: expected searches as training writes them, found something else; delete its folder to do without them."
                            .formatted(file),
                    e);
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read: %s.".formatted(file, IoReason.of(e)), e);
        }
    }

    private static Gallery gallery(JsonNode node, Path folder) {
        Map<Integer, String> queries = new HashMap<>();
        Map<Integer, Integer> targets = new HashMap<>();
        List<Searches.Stratum> strata = new ArrayList<>();
        for (JsonNode stratum : node.path("strata")) {
            List<Searches.Search> searches = new ArrayList<>();
            for (JsonNode search : stratum.path("searches")) {
                int number = search.path("number").asInt();
                queries.put(number, search.path("query").asString());
                targets.put(number, search.path("right").asInt());
                searches.add(new Searches.Search(number, found(search.path("found"))));
            }
            strata.add(new Searches.Stratum(
                    stratum.path("name").asString(), stratum.path("count").asInt(), searches));
        }
        List<String> models = new ArrayList<>();
        node.path("models").forEach(model -> models.add(model.asString()));
        Map<Integer, Gallery.Item> items = new HashMap<>();
        node.path("items")
                .propertyStream()
                .forEach(each -> items.put(Integer.valueOf(each.getKey()), item(each.getValue(), folder)));
        Gallery gallery = new Gallery(
                Gallery.Kind.valueOf(node.path("kind").asString().toUpperCase(Locale.ROOT)),
                new Searches(strata),
                models,
                query -> Objects.requireNonNull(queries.get(query)),
                query -> Objects.requireNonNull(targets.get(query)),
                number -> Objects.requireNonNull(items.get(number)));
        if (!items.keySet().containsAll(shown(gallery))) {
            throw new IllegalArgumentException("Something was found of which nothing is said.");
        }
        return gallery;
    }

    private static List<Searches.Found> found(JsonNode node) {
        List<Searches.Found> found = new ArrayList<>();
        for (JsonNode each : node) {
            List<Neighbor> nearest = new ArrayList<>();
            each.path("nearest")
                    .forEach(neighbor ->
                            nearest.add(new Neighbor(neighbor.path("item").asInt(), (float)
                                    neighbor.path("cosine").asDouble())));
            found.add(new Searches.Found(each.path("rank").asInt(), nearest));
        }
        return found;
    }

    private static Gallery.Item item(JsonNode node, Path folder) {
        return new Gallery.Item(
                node.path("caption").asString(),
                node.has("picture")
                        // Whatever the file says, nothing outside of the folder is read.
                        ? Thumbnail.read(folder.resolve(
                                Path.of(node.path("picture").asString()).getFileName()))
                        : Optional.empty());
    }
}
