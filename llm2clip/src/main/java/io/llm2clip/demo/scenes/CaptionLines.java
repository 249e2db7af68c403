package io.llm2clip.demo.scenes;

import java.util.Locale;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The lines of the data set's JSON-lines files. */
final class CaptionLines {
    private static final JsonMapper JSON = new JsonMapper();

    private CaptionLines() {}

    static String image(String path, Captions captions, Scene scene) {
        ObjectNode line = JSON.createObjectNode();
        line.put("image", path);
        putCaptions(line, captions);
        line.put("setting", word(scene.setting()));
        line.put("light", word(scene.light()));
        line.put("weather", word(scene.weather()));
        ArrayNode objects = line.putArray("objects");
        for (SceneObject object : scene.objects()) {
            ObjectNode entry = objects.addObject();
            entry.put("kind", object.kind().noun().first());
            entry.put("colour", word(object.colour()));
            entry.put("pattern", word(object.pattern()));
            entry.put("size", word(object.size()));
            entry.put("position", word(object.slot()));
        }
        return line.toString();
    }

    static String text(Captions captions) {
        ObjectNode line = JSON.createObjectNode();
        putCaptions(line, captions);
        return line.toString();
    }

    private static void putCaptions(ObjectNode line, Captions captions) {
        ArrayNode array = line.putArray("captions");
        captions.all().forEach(array::add);
    }

    private static String word(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
