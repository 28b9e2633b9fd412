"""Seeds: tenants to begin with, as readable data, one file per kind of object.

`contoso` 250 people with Entra P1 · `contoso-free` the same without it · `small` a dozen, for
fast tests · `bare` the same dozen before anybody registered an application.
`reading` puts a seed's files together · `tenant people groups apps` plant them · `crowd` fills
one up to any size · `facts` what one needs to know to log in. Read contoso/people.yaml first, then
`planting`.
"""

from portineria.lab.seeds.crowd import NoSuchSize
from portineria.lab.seeds.planting import load
from portineria.lab.seeds.reading import NAMES, NoSuchSeed

__all__ = ["NAMES", "NoSuchSeed", "NoSuchSize", "load"]
