//! Which file names a picture is shown under: tables from (entity, layout, image type) to names, per player.
